package e2e

import (
	"bytes"
	"context"
	"io"
	"os"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/packager/vod"
)

// loop is a file that is played over and over, as samples.
type loop struct {
	formats []media.Format
	length  time.Duration
	tracks  [][]media.Sample // by decoding time, from 0 on
}

// readLoop reads a file whose tracks begin at 0 and last whole seconds, more or less.
func readLoop(t testing.TB, path string) *loop {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	x, err := vod.Read(t.Context(), fileOf(data))
	require.NoError(t, err)
	l := &loop{length: 1 << 62}
	for i, k := range x.Tracks {
		l.formats = append(l.formats, k.Format)
		var all []media.Sample
		end := int64(0)
		for _, s := range k.Samples.Samples(0, k.Samples.Len()) {
			all = append(all, media.Sample{
				Track: i, DTS: media.Ticks(s.DTS), PTS: media.Ticks(s.PTS()), Sync: s.Sync, Data: data[s.Offset : s.Offset+int64(s.Size)],
			})
			end = s.DTS + int64(s.Duration)
		}
		l.tracks = append(l.tracks, all)
		l.length = min(l.length, media.Ticks(end).Duration(k.Format.Clock.Timescale))
	}
	l.length = l.length.Truncate(time.Second)
	return l
}

// samples are those that are decoded in that stretch of time after the beginning, track by track.
func (l *loop) samples(from, to time.Duration) (all []media.Sample) {
	for round := from / l.length; round*l.length < to; round++ {
		begin := round * l.length
		for i, track := range l.tracks {
			scale := l.formats[i].Clock.Timescale
			tick := func(d time.Duration) media.Ticks { return media.FromDuration(min(max(d, 0), l.length), scale) }
			first := sort.Search(len(track), func(k int) bool { return track[k].DTS >= tick(from-begin) })
			last := sort.Search(len(track), func(k int) bool { return track[k].DTS >= tick(to-begin) })
			for _, s := range track[first:last] {
				shift := media.FromDuration(begin, scale)
				s.DTS, s.PTS = s.DTS+shift, s.PTS+shift
				all = append(all, s)
			}
		}
	}
	return all
}

// fileOf is a file in memory.
type fileOf []byte

func (f fileOf) Size() int64 { return int64(len(f)) }

func (f fileOf) Open(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f[offset : offset+length])), nil
}
