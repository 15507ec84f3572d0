package playlist

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const lowLatency = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,CAN-SKIP-UNTIL=24.0
#EXT-X-PART-INF:PART-TARGET=0.33334
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-SKIP:SKIPPED-SEGMENTS=2
#EXT-X-MAP:URI="init.mp4",BYTERANGE="700@0"
#EXT-X-PROGRAM-DATE-TIME:2019-02-14T02:13:36.106Z
#EXTINF:4.00008,news, of the day
fileSequence268.mp4
#EXT-X-DISCONTINUITY
#EXT-X-GAP
#EXTINF:4,
fileSequence269.mp4
#EXT-X-PART:DURATION=0.33334,URI="filePart271.0.mp4",BYTERANGE="200@100"
#EXT-X-PART:DURATION=0.33334,URI="filePart271.0.mp4",BYTERANGE="50",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="filePart271.0.mp4",BYTERANGE-START=350
#EXT-X-RENDITION-REPORT:URI="../1M/waitForMSN.php",LAST-MSN=273,LAST-PART=2
#EXT-X-DATERANGE:ID="a",START-DATE="2019-02-14T02:13:36Z",X-COM="1,2=3"
`

func TestMediaPlaylist(t *testing.T) {
	t.Parallel()
	p, err := Parse([]byte(lowLatency))
	require.NoError(t, err)
	assert.Empty(t, p.Problems)
	assert.Equal(t, 9, p.Version)
	assert.Equal(t, 4*time.Second, p.Target)
	assert.Equal(t, 333340*time.Microsecond, p.PartTarget)
	assert.Equal(t, uint64(268), p.First())
	assert.Equal(t, uint64(270), p.Next())
	assert.Equal(t, uint64(3), p.DiscontinuitySequence)
	require.Len(t, p.Segments, 2)
	assert.Equal(t, 4000080*time.Microsecond, p.Segments[0].Duration)
	assert.Equal(t, &Range{0, 700}, p.Segments[1].Map.Range)
	assert.True(t, p.Segments[1].Discontinuity)
	assert.True(t, p.Segments[1].Gap)
	assert.False(t, p.Segments[1].Decimal)
	require.Len(t, p.Parts, 2)
	assert.Equal(t, &Range{300, 50}, p.Parts[1].Range, "it goes on where the range before it ended")
	assert.True(t, p.Parts[1].Independent)
	assert.Equal(t, int64(350), p.Hints[0].Start)
	assert.Equal(t, "1,2=3", p.DateRanges[0].Attributes.Text("X-COM"))
	until, ok := p.Control.Attributes.Seconds("CAN-SKIP-UNTIL")
	assert.True(t, ok)
	assert.Equal(t, 24*time.Second, until)
	assert.Equal(t, 4*time.Second+4000080*time.Microsecond+666680*time.Microsecond, p.Length())
}

func TestMultivariantPlaylist(t *testing.T) {
	t.Parallel()
	p, err := Parse([]byte("#EXTM3U\r\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",URI=\"a.m3u8\"\r\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS=\"avc1.64001f,mp4a.40.2\",AUDIO=\"a\"\r\n# a comment\r\n\r\nlow.m3u8\r\n" +
		"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=86000,URI=\"i.m3u8\"\r\n"))
	require.NoError(t, err)
	assert.Empty(t, p.Problems)
	assert.True(t, p.Multivariant)
	require.Len(t, p.Variants, 1)
	assert.Equal(t, "low.m3u8", p.Variants[0].URI)
	assert.Equal(t, 3, p.Variants[0].Line)
	assert.Equal(t, "avc1.64001f,mp4a.40.2", p.Variants[0].Attributes.Text("CODECS"))
	assert.Equal(t, "a.m3u8", p.Media[0].URI)
	assert.Equal(t, "i.m3u8", p.IFrameStreams[0].URI)
}

func TestWhatIsWrongIsToldWithItsLine(t *testing.T) {
	t.Parallel()
	head := "#EXTM3U\n#EXT-X-TARGETDURATION:4\n"
	for name, c := range map[string]struct {
		text string
		line int
	}{
		"no target duration":          {"#EXTM3U\n#EXTINF:2.0,\na.m4s\n", 1},
		"a target with a fraction":    {"#EXTM3U\n#EXT-X-TARGETDURATION:4.5\n", 2},
		"a duration in words":         {head + "#EXTINF:two,\na.m4s\n", 3},
		"no duration":                 {head + "a.m4s\n", 3},
		"a duration twice":            {head + "#EXTINF:2,\n#EXTINF:2,\na.m4s\n", 4},
		"a tag twice":                 {head + "#EXT-X-TARGETDURATION:4\n", 3},
		"a quote that is left open":   {head + "#EXT-X-MAP:URI=\"a\n", 3},
		"an attribute twice":          {head + "#EXT-X-MAP:URI=\"a\",URI=\"b\"\n", 3},
		"an attribute without value":  {head + "#EXT-X-MAP:URI\n", 3},
		"a name in small letters":     {head + "#EXT-X-MAP:URI=\"a\",uri=\"b\"\n", 3},
		"a date without a zone":       {head + "#EXT-X-PROGRAM-DATE-TIME:2019-02-14T02:13:36\n", 3},
		"a byte range of nothing":     {head + "#EXT-X-BYTERANGE:0@5\n", 3},
		"a sequence behind a segment": {head + "#EXTINF:2,\na.m4s\n#EXT-X-MEDIA-SEQUENCE:4\n", 5},
		"a type of its own":           {head + "#EXT-X-PLAYLIST-TYPE:LIVE\n", 3},
		"no more than EXTINF":         {head + "#EXTINF:2,\n", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := Parse([]byte(c.text))
			require.NoError(t, err)
			require.NotEmpty(t, p.Problems)
			assert.Equal(t, c.line, p.Problems[0].Line, "%v", p.Problems)
		})
	}
	for _, text := range []string{"", "#EXT", "<MPD/>", "#EXTM3U8\n", "#EXTM3U\n" + strings.Repeat("a", maxLine+1)} {
		_, err := Parse([]byte(text))
		require.ErrorIs(t, err, ErrNotPlaylist)
	}
}

func TestLeastVersion(t *testing.T) {
	t.Parallel()
	for text, version := range map[string]int{
		"#EXTINF:2,\na.ts\n":                                                1,
		"#EXTINF:2.5,\na.ts\n":                                              3,
		"#EXTINF:2,\n#EXT-X-BYTERANGE:5@0\na.ts\n":                          4,
		"#EXT-X-MAP:URI=\"i\"\n#EXTINF:2,\na.m4s\n":                         6,
		"#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"i\"\n#EXTINF:2,\na.m4s\n":   5,
		"#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n":                                  9,
		"#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES=\"\"\n": 10,
	} {
		p, err := Parse([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + text))
		require.NoError(t, err)
		got, why := p.Needs()
		assert.Equal(t, version, got, "%s: %s", text, why)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(lowLatency))
	f.Add([]byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\"\nx\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-SKIP:SKIPPED-SEGMENTS=18446744073709551615\n#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n#EXTINF:99999999999,\nx\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		if p.Length() < 0 || p.Next() < p.First() || len(p.Problems) > maxNotes {
			t.Fatalf("length %v, first %d, next %d", p.Length(), p.First(), p.Next())
		}
		p.Needs()
	})
}
