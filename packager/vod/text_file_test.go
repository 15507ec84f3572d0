package vod

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

const (
	sampleVTT = "WEBVTT\nLanguage: de\n\nSTYLE\n::cue { color: red }\n\n1\n00:03.000 --> 00:05.000 line:0\nzwei\n\n00:01.000 --> 00:04.000\neins f\u00fcr dich\n"
	sampleSRT = "1\r\n00:00:03,000 --> 00:00:05,000\r\n{\\an8}zwei\r\n\r\n2\r\n00:00:01,000 --> 00:00:04,000\r\neins f\u00fcr dich\r\n"
)

// texts are all bodies of cues, with their times in seconds.
func texts(c *Cues) (all []string) {
	for _, q := range c.between(0, 1<<50, 0) {
		from, to := q.From.Duration(textScale), q.To.Duration(textScale)
		all = append(all, from.String()+"–"+to.String()+" "+strings.Map(func(r rune) rune {
			if r < ' ' {
				return '.'
			}
			return r
		}, string(q.Body)))
	}
	return all
}

func TestFilesOfSubtitles(t *testing.T) {
	t.Parallel()
	utf16le := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune(sampleSRT)) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	plain := []string{"1s–4s ....payleins f\u00fcr dich", "3s–5s ....sttgline:0....paylzwei"}
	for name, tc := range map[string]struct {
		raw, container, problem string
		format                  media.Format
		want                    []string
	}{
		"WebVTT": {sampleVTT, "WebVTT", "", media.Format{Language: "de", Config: []byte("WEBVTT\nLanguage: de\n\nSTYLE\n::cue { color: red }")}, []string{
			plain[0], "3s–5s ....iden1....sttgline:0....paylzwei",
		}},
		"SubRip":  {sampleSRT, "SubRip", "", media.Format{}, plain},
		"BOM":     {"\uFEFF" + sampleSRT, "SubRip", "", media.Format{}, plain},
		"UTF-16":  {string(utf16le), "SubRip", "", media.Format{}, plain},
		"Latin-1": {strings.ReplaceAll(sampleSRT, "\u00fc", "\xfc"), "SubRip", "it is not UTF-8: it is read as Windows-1252", media.Format{}, plain},
		"stamped": {
			"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:10.000,MPEGTS:450000\n\n00:04.000 --> 00:06.000\na\n\n00:06.000 --> 00:05.000\nb\n\n00:01.000 --> 00:02.000\nc\n\n00:05.500 --> 00:06.000\n \n",
			"WebVTT", "its X-TIMESTAMP-MAP moves all cues by -5s; 1 cue is left out that lasts no time, or less; 1 cue is left out that ends before the beginning",
			media.Format{},
			[]string{"0s–1s ....payla"},
		},
	} {
		f := inMemory([]byte(tc.raw))
		x, err := Read(context.Background(), f)
		require.NoError(t, err, name)
		assert.Equal(t, tc.container, x.Container, name)
		assert.Equal(t, tc.problem, x.Problem, name)
		again, err := Read(context.Background(), inMemory([]byte(tc.raw)))
		require.NoError(t, err, name)
		assert.Equal(t, again.Sum(), x.Sum(), name)
		other, err := Read(context.Background(), inMemory([]byte(tc.raw+"\n")))
		require.NoError(t, err, name)
		assert.NotEqual(t, other.Sum(), x.Sum(), name)
		require.Len(t, x.Tracks, 1)
		tc.format.Codec, tc.format.Clock = media.WVTT, media.Clock{Timescale: textScale}
		assert.Equal(t, tc.format, x.Tracks[0].Format, name)
		assert.Equal(t, tc.want, texts(x.Tracks[0].Cues), name)
		assert.Empty(t, x.Tracks[0].Why)
	}
}

func TestFilesOfSubtitlesThatAreBroken(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"WEBVTT\n\n00:01,000 --> 00:02.000\nx\n":                                             `block from line 3: "00:01,000" is no time, write it like 00:01:02.500`,
		"1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:03 --> x\ny":                        `line 6: "x" is no time, write it like 00:01:02,500`,
		"WEBVTT\n\n" + strings.Repeat("00:01.000 --> 00:02.000\nx\n", maxTextCues+1):         "more than 200000 cues",
		"WEBVTT\n" + strings.Repeat(" ", maxText):                                            "subtitles of 16777223 bytes, 16777216 are taken",
		"WEBVTT\n\nSTYLE\n" + strings.Repeat("x", 65<<10) + "\n\n00:01.000 --> 00:02.000\nx": "bytes of configuration, more than 65536",
	} {
		_, err := Read(context.Background(), inMemory([]byte(raw)))
		require.ErrorIs(t, err, ErrFile)
		assert.ErrorContains(t, err, want)
	}
	x, err := Read(context.Background(), inMemory([]byte("WEBVTT")))
	require.NoError(t, err)
	assert.Equal(t, "it has no cues", x.Tracks[0].Why)
}

// However many cues come at one time, they are found, or it is told that they are not.
func TestManyCues(t *testing.T) {
	t.Parallel()
	lines := []media.Line{{Start: 0, End: 1 << 40, Text: "all along"}}
	for i := range 1000 {
		at := media.Ticks(i * 100).Duration(1000)
		lines = append(lines, media.Line{Start: at, End: at + 3200e6, Text: "x"})
	}
	c, crowded := newCues(lines, 0)
	assert.Equal(t, 1001, c.Len()+crowded)
	assert.Positive(t, crowded)
	for _, q := range [][2]media.Ticks{{0, 1}, {0, 90000}, {4500000, 4500001}, {90000 * 99, 90000 * 200}, {90000 * 1000, 90000 * 2000}, {90000 * 2000, 90000 * 2001}} {
		var want, got []uint32
		for i, q2 := range c.cues {
			if q2.from < q[1] && q2.to > q[0] {
				want = append(want, uint32(i))
			}
		}
		for _, cue := range c.between(q[0], q[1], 7) {
			got = append(got, cue.Source)
			assert.Equal(t, c.cues[cue.Source].from+7, cue.From)
		}
		assert.Equal(t, want, got)
	}
	assert.Less(t, c.Memory(), 60000)
}

func FuzzSubtitles(f *testing.F) {
	f.Add([]byte(sampleVTT), 2)
	f.Add([]byte(sampleSRT), 60)
	f.Add([]byte("\xff\xfeW\x00E\x00B\x00V\x00T\x00T\x00\n\x00\n\x000\x000\x00"), 5)
	f.Fuzz(func(t *testing.T, raw []byte, frames int) {
		x, err := Read(context.Background(), inMemory(raw))
		if err != nil {
			return
		}
		if x.Container != "WebVTT" && x.Container != "SubRip" || frames < 1 || frames > 10000 {
			return
		}
		title, err := New([]Input{{Index: sound(t, frames, 0)}, {Index: x, File: 1}}, time.Second)
		require.NoError(t, err)
		title.Problems()
		if x.Tracks[0].Why == "" {
			spoken(t, title, "t1")
		}
	})
}
