package bus

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// What was written of a segment is read back, of any segment of any track, also where chunks were split; what is not there, or is not what its
// end tells of, is an error.
func TestSegmentIsReadBack(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	run, inits := testRun(7, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Target(2*time.Second))
	sent := map[media.SegmentEnd][]byte{}
	for segment := range uint64(5) {
		for _, track := range run.Tracks {
			size := 1000
			if segment == 3 && track.Name == "v1" {
				size = 5 << 20 / 2 // more than a message holds
			}
			var chunks []media.Chunk
			var data []byte
			for i := range 12 {
				c := testChunk(run, track.Name, segment, i, size+i)
				require.NoError(t, w.Chunk(c))
				chunks, data = append(chunks, c), append(data, c.Data...)
			}
			e := testEnd(chunks...)
			require.NoError(t, w.End(e))
			sent[e] = data
		}
	}
	closeWriter(t, w)
	require.Len(t, sent, 10)
	var some media.SegmentEnd
	for e, want := range sent {
		got, err := b.Segment(testContext(t), "news", e)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%s %d", e.Track, e.Segment)
		some = e
	}

	missing := some
	missing.Segment = 99
	_, err := b.Segment(testContext(t), "news", missing)
	require.ErrorIs(t, err, ErrNotFound)
	for name, change := range map[string]func(e *media.SegmentEnd){
		"other bytes":         func(e *media.SegmentEnd) { e.Checksum++ },
		"another run":         func(e *media.SegmentEnd) { e.Run++ },
		"fewer bytes":         func(e *media.SegmentEnd) { e.Bytes-- },
		"fewer chunks":        func(e *media.SegmentEnd) { e.Chunks-- },
		"no bytes":            func(e *media.SegmentEnd) { e.Bytes = 0 },
		"more than is held":   func(e *media.SegmentEnd) { e.Bytes = 1 << 40 },
		"no chunks":           func(e *media.SegmentEnd) { e.Chunks = 0 },
		"more chunks than is": func(e *media.SegmentEnd) { e.Chunks = 1 << 20 },
	} {
		e := some
		change(&e)
		_, err := b.Segment(testContext(t), "news", e)
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	more := some
	more.Chunks++
	_, err = b.Segment(testContext(t), "news", more)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = b.Segment(testContext(t), "none", some)
	require.Error(t, err)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	_, err = b.Segment(ctx, "news", some)
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkSegmentIsReadBack(b *testing.B) {
	bus := openBus(b, Config{})
	require.NoError(b, bus.SetChannel(testContext(b), "news", time.Hour))
	w := acquire(b, bus, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(b, w.Run(run, inits))
	require.NoError(b, w.Target(2*time.Second))
	var ends []media.SegmentEnd
	for segment := range uint64(50) {
		var chunks []media.Chunk
		for i := range 10 {
			c := testChunk(run, "v1", segment, i, 100_000)
			require.NoError(b, w.Chunk(c))
			chunks = append(chunks, c)
		}
		e := testEnd(chunks...)
		require.NoError(b, w.End(e))
		ends = append(ends, e)
	}
	closeWriter(b, w)
	b.SetBytes(ends[0].Bytes)
	i := 0
	for b.Loop() {
		_, err := bus.Segment(testContext(b), "news", ends[i*7%len(ends)])
		require.NoError(b, err)
		i++
	}
}
