package vod

import (
	"bytes"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
)

// For every time it is the key frame that is presented last up to then, or the first of all: compared with a look at all samples.
func TestStills(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		title, err := New([]Input{{Index: drawTitle(t), File: 3}}, time.Second)
		if err != nil {
			return
		}
		c := title.columns[0]
		length := title.end().Sub(title.Origin())
		at := make([]time.Time, 0, 25)
		for one := title.Origin(); len(at) < cap(at); {
			at = append(at, one)
			one = one.Add(time.Duration(rapid.Int64Range(0, int64(length/10)+1).Draw(t, "step")))
		}
		got, ok := title.Stills(c.Name, at)
		if c.Kind != media.Video {
			require.False(t, ok)
			return
		}
		var spans []Span
		size := int64(len(got.Head))
		for _, instant := range at {
			var best *Sample
			first := true
			for _, s := range c.of.Samples.Samples(0, c.of.Samples.Len()) {
				in := c.time(s.PTS()) <= media.FromTime(instant, c.Timescale)
				if !s.Sync || !in && (best != nil) {
					continue
				}
				if best == nil || in && (first || s.PTS() >= best.PTS()) {
					best, first = &s, !in
				}
			}
			if best == nil {
				require.False(t, ok)
				return
			}
			size += int64(best.Size)
			if n := len(spans); n > 0 && spans[n-1].Offset+spans[n-1].Length == best.Offset {
				spans[n-1].Length += int64(best.Size)
			} else {
				spans = append(spans, Span{3, best.Offset, int64(best.Size)})
			}
		}
		require.True(t, ok)
		require.Equal(t, spans, got.Spans)
		require.Equal(t, size, got.Size)
		file, err := mp4.DecodeFile(bytes.NewReader(append(bytes.Clone(got.Head), make([]byte, got.Size-int64(len(got.Head)))...)))
		require.NoError(t, err)
		traf := file.Segments[0].Fragments[0].Moof.Traf
		require.Zero(t, traf.Tfdt.BaseMediaDecodeTime())
		require.Len(t, traf.Trun.Samples, len(at))
		for _, s := range traf.Trun.Samples {
			require.Equal(t, c.Timescale, s.Dur)
		}
	})
}

func TestNoStills(t *testing.T) {
	t.Parallel()
	path := generate(t, "a.mp4", testPictures+testSound+asH264)
	x, err := Read(t.Context(), load(t, path))
	require.NoError(t, err)
	title, err := New([]Input{{Index: x}}, time.Second)
	require.NoError(t, err)
	_, ok := title.Stills("v1", []time.Time{title.Origin().Add(time.Hour)})
	require.True(t, ok)
	for _, track := range []string{"a1", "v2", ""} {
		_, ok = title.Stills(track, []time.Time{title.Origin()})
		require.False(t, ok)
	}
	_, ok = title.Stills("v1", nil)
	require.False(t, ok)
	_, ok = title.Stills("v1", make([]time.Time, maxKeys+1))
	require.False(t, ok)
	album, err := Join([]*Title{title, title})
	require.NoError(t, err)
	_, ok = album.Stills("v1", []time.Time{title.Origin()})
	require.False(t, ok)
}
