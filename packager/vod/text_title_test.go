package vod

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/internal/subtitle"
	"weir/packager/vtt"
)

// sound is the index of a file with so many frames of AAC, the first of which is presented at that time in 1/48000 s.
func sound(t require.TestingT, frames int, start int64) *Index {
	b := newBuilder(1<<30, "track 1")
	for i := range frames {
		require.NoError(t, b.add(Sample{Offset: int64(i), Size: 1, DTS: int64(i) * 1024, Duration: 1024, Sync: true}))
	}
	return &Index{Container: "test", Tracks: []*Track{{
		ID: 1, Kind: media.Audio, Format: media.Format{Codec: media.AAC, Config: []byte{0x11, 0x90}, Clock: media.Clock{Timescale: 48000}},
		Samples: b.done(), Shift: start, Start: start, End: start + int64(frames)*1024,
	}}}
}

// spoken reads all rows of a text track as players of HLS do, and puts the cues together that lie over borders. Times are those of the title.
func spoken(t require.TestingT, title *Title, track string) (all []media.Line) {
	w := title.Window()
	var last []media.Line // that end with the row before
	for i := range w.Rows.Len() {
		row := w.Rows.At(i)
		seg, ok := title.Segment(track, row.Number)
		require.True(t, ok)
		require.Empty(t, seg.Spans)
		require.Equal(t, row.Segment(track).Bytes, int64(len(seg.Head)))
		require.Equal(t, seg.Size, int64(len(seg.Head)))
		text, err := vtt.Segment(seg.Head, title.Init(track, row.Segment(track).Init), textScale)
		require.NoError(t, err)
		d, err := subtitle.WebVTT(string(text), subtitle.Rules{Cues: 1 << 20, Loose: true})
		require.NoError(t, err)
		base := d.Stamp.Duration(textScale) - title.Origin().Sub(time.Unix(0, 0))
		var open []media.Line
		for _, c := range d.Cues {
			c.Start, c.End = c.Start+base, c.End+base
			if k := slices.IndexFunc(last, func(l media.Line) bool { return l.Text == c.Text && l.ID == c.ID && l.End == c.Start }); k >= 0 {
				c.Start = last[k].Start
				all = slices.DeleteFunc(all, func(l media.Line) bool { return l == last[k] })
			}
			all, open = append(all, c), append(open, c)
		}
		last = open
	}
	slices.SortStableFunc(all, func(a, b media.Line) int { return strings.Compare(a.Text, b.Text) })
	return all
}

// What a file says comes out of the segments of a title, however it is cut: every cue once, when it was to come.
func TestCuesComeOutOfTitlesOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.IntRange(1, 48*60).Draw(t, "frames")
		start := rapid.Int64Range(0, 96000).Draw(t, "start") / 48 * 48 // in whole milliseconds
		segment := time.Duration(rapid.IntRange(200, 8000).Draw(t, "segment")) * time.Millisecond
		var doc strings.Builder
		doc.WriteString("WEBVTT\n")
		var want []media.Line
		end := (media.Ticks(frames) * 1024).Duration(48000)
		for i := range rapid.IntRange(0, 30).Draw(t, "cues") {
			from := rapid.IntRange(0, 70_000).Draw(t, "from")
			to := from + rapid.IntRange(1, 20_000).Draw(t, "lasts")
			c := media.Line{
				Start: time.Duration(from) * time.Millisecond, End: time.Duration(to) * time.Millisecond, ID: fmt.Sprint("i", i),
				Settings: rapid.SampledFrom([]string{"", "line:0", "align:left position:10%"}).Draw(t, "settings"),
				Text:     fmt.Sprintf("cue %02d\n<i>%s</i>", i, rapid.StringMatching(`[a-z\x{e4}\x{1F600} ]{1,20}`).Draw(t, "text")),
			}
			fmt.Fprintf(&doc, "\n%s\n00:%02d:%02d.%03d --> 00:%02d:%02d.%03d %s\n%s\n", c.ID,
				from/60000, from/1000%60, from%1000, to/60000, to/1000%60, to%1000, c.Settings, c.Text)
			// The title begins where its sound does, and ends with it.
			shift := time.Duration(start) * time.Second / 48000
			c.Start, c.End = max(c.Start-shift, 0), min(c.End-shift, end.Round(time.Millisecond))
			if c.End > c.Start {
				want = append(want, c)
			}
		}
		x, err := Read(t.Context(), inMemory([]byte(doc.String())))
		require.NoError(t, err)
		title, err := New([]Input{{Index: sound(t, frames, start)}, {Index: x, File: 1, Language: "en"}}, segment)
		require.NoError(t, err)
		if len(want) == 0 && x.Tracks[0].Why != "" {
			return
		}
		for i := range title.Window().Rows.Len() {
			row := title.Window().Rows.At(i)
			require.Equal(t, media.FromTime(row.Start, textScale), row.Segments[1].Start)
		}
		require.Equal(t, want, spoken(t, title, "t1"))
	})
}

func TestTitleWithSubtitles(t *testing.T) {
	t.Parallel()
	read := func(text string) *Index {
		x, err := Read(t.Context(), inMemory([]byte(text)))
		require.NoError(t, err)
		return x
	}
	const late = "\n00:09.000 --> 00:11.000\nover the end\n\n00:10.006 --> 00:12.000\nbehind it\n"
	german, english := read(sampleVTT+late), read(sampleSRT)
	inputs := []Input{{Index: german}, {Index: sound(t, 469, 0), File: 1}, {Index: english, File: 2, Language: "en-GB"}}
	title, err := New(inputs, 4*time.Second)
	require.NoError(t, err)
	checkRows(t, title)
	w := title.Window()
	require.Equal(t, 3, w.Rows.Len(), "subtitles do not make it longer")
	require.Len(t, w.Tracks, 3)
	assert.Equal(t, media.Track{Name: "t1", Kind: media.Text, Codec: media.WVTT, Codecs: "wvtt", Timescale: textScale, Language: "de", Init: 1}, w.Tracks[1])
	assert.Equal(t, "t2 en-GB", w.Tracks[2].Name+" "+w.Tracks[2].Language)
	assert.Positive(t, w.Rates["t1"].Peak)
	assert.Equal(t, []string{"t1: 1 cue is left out that begins behind the end of the title, which is at 10.005s"}, title.Problems())

	row := w.Rows.At(0).Segment("t1")
	assert.True(t, row.Parts[0].Independent)
	assert.Positive(t, row.Parts[0].Key)
	seg, ok := title.Segment("t1", 0)
	require.True(t, ok)
	text, err := vtt.Segment(seg.Head, title.Init("t1", 1), textScale)
	require.NoError(t, err)
	assert.Equal(t, `WEBVTT
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0
Language: de

STYLE
::cue { color: red }


00:00:01.000 --> 00:00:03.968
eins für dich

1
00:00:03.000 --> 00:00:03.968 line:0
zwei
`, string(text))
	_, ok = title.Segment("t1", 3)
	assert.False(t, ok)
	_, ok = title.Keys("t1", 0)
	assert.False(t, ok)

	other, err := New([]Input{inputs[0], inputs[1], {Index: read(sampleSRT + "\n"), File: 2, Language: "en-GB"}}, 4*time.Second)
	require.NoError(t, err)
	assert.NotEqual(t, title.Version(), other.Version())
	_, err = New([]Input{{Index: german}}, 4*time.Second)
	require.ErrorIs(t, err, ErrFile)
}

// In an album, subtitles move with their titles.
func TestAlbumWithSubtitles(t *testing.T) {
	t.Parallel()
	x, err := Read(t.Context(), inMemory([]byte(sampleSRT)))
	require.NoError(t, err)
	var titles []*Title
	for i := range 2 {
		title, err := New([]Input{{Index: sound(t, 90*48000/1024*(2-i)/2, 0), File: 2 * i}, {Index: x, File: 2*i + 1}}, time.Second)
		require.NoError(t, err)
		titles = append(titles, title)
	}
	album, err := Join(titles)
	require.NoError(t, err)
	second := album.Offsets()[1]
	require.InDelta(t, 90, second.Seconds(), 0.1)
	want := spoken(t, titles[0], "t1")
	for _, c := range want[:2] {
		c.Start, c.End = c.Start+second.Round(time.Millisecond), c.End+second.Round(time.Millisecond)
		want = append(want, c)
	}
	got := spoken(t, album, "t1")
	require.Len(t, got, 4)
	for _, c := range got {
		assert.True(t, slices.ContainsFunc(want, func(w media.Line) bool {
			return w.Text == c.Text && w.Settings == c.Settings && (w.Start-c.Start).Abs() <= time.Millisecond && (w.End-c.End).Abs() <= time.Millisecond
		}), "%+v", c)
	}
	assert.Empty(t, album.Problems())
	assert.Len(t, slices.CompactFunc(got, func(a, b media.Line) bool { return a.Start == b.Start }), 4)
}

// ffmpeg reads what HLS has of a title, segment by segment, as the file has it.
func TestSubtitlesOfTitlesInFFmpeg(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	x, err := Read(t.Context(), inMemory([]byte(sampleSRT)))
	require.NoError(t, err)
	title, err := New([]Input{{Index: sound(t, 469, 0)}, {Index: x, File: 1}}, 4*time.Second)
	require.NoError(t, err)
	var got strings.Builder
	for number := range uint64(3) {
		seg, ok := title.Segment("t1", number)
		require.True(t, ok)
		text, err := vtt.Segment(seg.Head, title.Init("t1", 1), textScale)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), fmt.Sprint(number, ".vtt"))
		require.NoError(t, os.WriteFile(path, text, 0o600))
		out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", path, "-f", "srt", "-").CombinedOutput()
		require.NoError(t, err, "%s", out)
		got.Write(out)
	}
	assert.Equal(t, "1\n00:00:01,000 --> 00:00:03,968\neins f\u00fcr dich\n\n2\n00:00:03,000 --> 00:00:03,968\nzwei\n\n"+
		"1\n00:00:03,968 --> 00:00:04,000\neins f\u00fcr dich\n\n2\n00:00:03,968 --> 00:00:05,000\nzwei\n\n", got.String())
}
