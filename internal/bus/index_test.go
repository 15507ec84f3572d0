package bus

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// An index is all of a stream but its media: the same runs, ends and signals that a Read gets.
func TestIndexIsWhatIsReadWithoutMedia(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	empty := newRecorder()
	next, err := b.Index(testContext(t), "news", empty)
	require.NoError(t, err)
	require.EqualValues(t, 1, next)
	require.Equal(t, 1, empty.caughtUp)

	w := acquire(t, b, "news")
	for id := range uint64(3) {
		run, inits := testRun(id, id*4, timeline.Add(time.Duration(id)*time.Minute))
		require.NoError(t, w.Run(run, inits))
		if id == 0 {
			require.NoError(t, w.Target(2*time.Second))
		}
		for segment := range uint64(4) {
			writeRow(t, w, run, run.First+segment, 500)
		}
	}
	open, _ := testRun(2, 8, timeline.Add(2*time.Minute))
	require.NoError(t, w.Chunk(testChunk(open, "v1", 12, 0, 500)))
	all := read(t, b, "news")
	all.wait(t, "all chunks", func() bool { return len(all.chunks) == 3*4*2*10+1 })

	r := newRecorder()
	next, err = b.Index(testContext(t), "news", r)
	require.NoError(t, err)
	info, err := b.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)
	require.Equal(t, info.CachedInfo().State.LastSeq+1, next)
	require.Empty(t, r.problems)
	require.Empty(t, r.chunks)
	require.Equal(t, 1, r.caughtUp)
	require.Equal(t, all.ends, r.ends)
	require.Len(t, r.ends, 3*4*2)
	require.Equal(t, all.runs, r.runs)
	require.Equal(t, all.inits, r.inits)
	require.Equal(t, []time.Duration{2 * time.Second}, r.targets)
	for _, e := range r.ends {
		want, n := all.segment(e.Track, e.Segment)
		require.Equal(t, e.Chunks, n)
		got, err := b.Segment(testContext(t), "news", e)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	closeWriter(t, w)

	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	_, err = b.Index(ctx, "none", newRecorder())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = b.Index(testContext(t), "no such name!", newRecorder())
	require.Error(t, err)
}

// BenchmarkIndex is of a window of an hour, of segments of 2 s in two tracks, whose media is far larger than its index.
func BenchmarkIndex(b *testing.B) {
	bus := openBus(b, Config{})
	require.NoError(b, bus.SetChannel(testContext(b), "news", time.Hour))
	w := acquire(b, bus, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(b, w.Run(run, inits))
	require.NoError(b, w.Target(2*time.Second))
	const rows = 1800
	for segment := range uint64(rows) {
		writeRow(b, w, run, segment, 5000)
	}
	closeWriter(b, w)
	for b.Loop() {
		var n counted
		_, err := bus.Index(testContext(b), "news", &n)
		require.NoError(b, err)
		require.Equal(b, 2*rows, n.ends)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(2*rows), "µs/segment")
}

// counted is a handler that counts.
type counted struct{ ends int }

func (c *counted) Target(time.Duration)        {}
func (c *counted) Run(media.Run, []media.Init) {}
func (c *counted) Chunk(media.Chunk)           {}
func (c *counted) End(media.SegmentEnd)        { c.ends++ }
func (c *counted) Signal(media.Signal)         {}
func (c *counted) CaughtUp()                   {}
