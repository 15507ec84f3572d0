package vod

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/internal/testmedia"
)

// assembled is a fragmented file of an init segment and segments that lie in a directory.
func assembled(t *testing.T, dir string) *memory {
	t.Helper()
	init := testmedia.File(t, dir+"/init.mp4")
	data, err := os.ReadFile(init)
	require.NoError(t, err)
	for n := 1; ; n++ {
		segment, err := os.ReadFile(filepath.Join(filepath.Dir(init), strconv.Itoa(n)+".m4s"))
		if err != nil {
			break
		}
		data = append(data, segment...)
	}
	return inMemory(data)
}

// TTML in an MP4 file is cut where the pictures are: a document that lasts over a border is in both rows.
func TestTTMLOfMP4(t *testing.T) {
	t.Parallel()
	files := []*memory{assembled(t, "cmaf/testpic_2s/V300"), assembled(t, "cmaf/testpic_2s/imsc1_txt_sv")}
	var inputs []Input
	for i, f := range files {
		x, err := Read(t.Context(), f)
		require.NoError(t, err)
		require.Equal(t, "fragmented MP4", x.Container)
		inputs = append(inputs, Input{Index: x, File: i})
	}
	for _, segment := range []time.Duration{2 * time.Second, 4 * time.Second} {
		title, err := New(inputs, segment)
		require.NoError(t, err)
		checkRows(t, title)
		w := title.Window()
		require.Len(t, w.Tracks, 2)
		require.Equal(t, media.STPP, w.Tracks[1].Codec)
		for i := range w.Rows.Len() {
			row := w.Rows.At(i)
			seg, ok := title.Segment("t1", row.Number)
			require.True(t, ok, "row %d", i)
			require.Equal(t, row.Segments[1].Bytes, seg.Size)
			data, err := seg.Read(t.Context(), func(file int) File { return files[file] })
			require.NoError(t, err)
			require.Contains(t, string(data), "<tt ")
			c := title.column("t1")
			chunk, err := c.chunk(i, func(*Sample) {})
			require.NoError(t, err)
			require.Equal(t, len(chunk.Samples), strings.Count(string(data), "</tt>"))
			lasts := media.Ticks(0)
			for _, s := range chunk.Samples {
				lasts += media.Ticks(s.Duration)
			}
			require.Equal(t, c.cuts[i].start, chunk.Start)
			if i+1 < w.Rows.Len() {
				require.Equal(t, row.Segments[1].Duration, lasts)
			}
			require.Equal(t, row.Segments[0].Start, row.Segments[1].Start)
			require.Equal(t, row.Segments[0].Duration, row.Segments[1].Duration)
		}
	}
	// Beside music that begins a second behind it, a document is shown from there on: what is before the beginning is cut off.
	spoken := *inputs[1].Index.Tracks[0]
	lyrics, err := New([]Input{{Index: sound(t, 400, 48000+int64(spoken.Start)*48000/int64(spoken.Format.Clock.Timescale))}, inputs[1]}, 2*time.Second)
	require.NoError(t, err)
	checkRows(t, lyrics)
	c := lyrics.column("t1")
	chunk, err := c.chunk(0, func(*Sample) {})
	require.NoError(t, err)
	require.NotEmpty(t, chunk.Samples)
	require.Equal(t, media.Ticks(0), chunk.Start)
	// Rows of 2 s, documents of 8 s: each row has what is shown in it.
	text := inputs[1].Index.Tracks[0]
	var long []Sample
	for _, s := range text.Samples.Samples(0, 1) {
		s.Duration *= 4
		long = append(long, s)
	}
	again := *text
	again.Samples = made(t, 1, media.Text, text.Format, long).Samples
	title, err := New([]Input{inputs[0], {Index: &Index{Tracks: []*Track{&again}}, File: 1}}, 2*time.Second)
	require.NoError(t, err)
	require.Equal(t, 4, title.Window().Rows.Len())
	first, _ := title.Segment("t1", 0)
	for n := range uint64(4) {
		seg, ok := title.Segment("t1", n)
		require.True(t, ok)
		require.Equal(t, first.Spans, seg.Spans)
		c := title.column("t1")
		chunk, err := c.chunk(int(n), func(*Sample) {})
		require.NoError(t, err)
		require.Equal(t, c.cuts[n].start, chunk.Start)
		require.Len(t, chunk.Samples, 1)
		if n < 3 {
			require.Equal(t, uint32(2*90000), chunk.Samples[0].Duration)
		}
	}
}
