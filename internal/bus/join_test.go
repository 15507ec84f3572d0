package bus

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// joined is a recorder that joins.
type joined struct {
	*recorder
	stored []media.SegmentEnd
}

func (j *joined) Stored(e media.SegmentEnd) {
	j.change(func() { j.known(e.Run); j.stored = append(j.stored, e) })
}

// join starts joining a channel until the test ends.
func join(t testing.TB, b *Bus, channel string) *joined {
	t.Helper()
	j := &joined{recorder: newRecorder()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.Join(ctx, channel, j) }()
	t.Cleanup(func() { cancel(); <-done })
	return j
}

// Who joins gets of what is old the same runs and ends as who reads all, and reads its media back; of what is new it gets everything, and goes on.
func TestJoinIsReadWithTheNewestMediaFirst(t *testing.T) {
	t.Parallel()
	for name, maxAge := range map[string]time.Duration{"without an index": unindexed, "with an index": indexFrom} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testJoin(t, maxAge)
		})
	}
}

func testJoin(t *testing.T, maxAge time.Duration) {
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", maxAge))
	empty := join(t, b, "news")
	empty.wait(t, "nothing", func() bool { return empty.caughtUp == 1 })

	const runs, rows = 3, 8
	w := acquire(t, b, "news")
	for id := range uint64(runs) {
		run, inits := testRun(id, id*rows, timeline.Add(time.Duration(id)*time.Minute))
		require.NoError(t, w.Run(run, inits))
		if id == 0 {
			require.NoError(t, w.Target(2*time.Second))
		}
		for segment := range uint64(rows) {
			writeRow(t, w, run, run.First+segment, 500)
			require.NoError(t, w.Signal(testSignal(fmt.Sprintf("s-%d-%d", id, segment), run.First+segment)))
		}
	}
	open, _ := testRun(runs-1, rows*(runs-1), timeline.Add((runs-1)*time.Minute))
	require.NoError(t, w.Chunk(testChunk(open, "v1", runs*rows, 0, 500)))
	all := read(t, b, "news")
	all.wait(t, "all chunks", func() bool { return len(all.chunks) == runs*rows*2*10+1 })

	if maxAge >= indexFrom {
		eventually(t, "the index", func() bool { return indexed(t, b) == 3*runs*rows })
	} else {
		_, err := b.js.Stream(testContext(t), indexName("news"))
		require.ErrorIs(t, err, jetstream.ErrStreamNotFound)
	}
	j := join(t, b, "news")
	j.wait(t, "the newest chunk", func() bool {
		return len(j.chunks) > 0 && j.chunks[len(j.chunks)-1].Segment == runs*rows && j.caughtUp == 1
	})
	require.Empty(t, empty.stored, "what came later has come with its media")
	require.Equal(t, all.runs, j.runs)
	require.Equal(t, all.inits, j.inits)
	require.Equal(t, all.signals, j.signals)
	require.Equal(t, []time.Duration{2 * time.Second}, j.targets)
	require.Equal(t, all.ends, slices.Concat(j.stored, j.ends))
	require.Len(t, j.ends, 2*tailLeast)
	first := j.ends[0].Segment
	require.Equal(t, slices.DeleteFunc(slices.Clone(all.chunks), func(c media.Chunk) bool { return c.Segment < first }), j.chunks)
	for _, e := range j.stored {
		want, _ := all.segment(e.Track, e.Segment)
		got, err := b.Segment(testContext(t), "news", e)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}

	require.NoError(t, w.Chunk(testChunk(open, "v1", runs*rows, 1, 500)))
	j.wait(t, "one chunk more", func() bool { return j.chunks[len(j.chunks)-1].Index == 1 })
	closeWriter(t, w)
}

// Where the oldest messages have gone, the segments that may have lost some of their media are left out.
func TestJoinLeavesOutWhatIsBroken(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Target(2*time.Second))
	for segment := range uint64(20) {
		writeRow(t, w, run, segment, 500)
	}
	closeWriter(t, w)
	s, err := b.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)
	require.NoError(t, s.DeleteMsg(testContext(t), 1))

	j := join(t, b, "news")
	j.wait(t, "all", func() bool { return j.caughtUp == 1 })
	require.EqualValues(t, 2, j.stored[0].Segment)
	require.EqualValues(t, 19, j.ends[len(j.ends)-1].Segment)
	require.Len(t, slices.Concat(j.stored, j.ends), 2*18)
}

// A stream that is made anew is joined anew.
func TestJoinGoesOnWithAnotherStream(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	fill := func() {
		require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
		w := acquire(t, b, "news")
		run, inits := testRun(0, 0, timeline)
		require.NoError(t, w.Run(run, inits))
		require.NoError(t, w.Target(2*time.Second))
		for segment := range uint64(20) {
			writeRow(t, w, run, segment, 500)
		}
		closeWriter(t, w)
	}
	fill()
	j := join(t, b, "news")
	j.wait(t, "all of the first", func() bool { return len(j.ends) == 2*tailLeast })
	require.NoError(t, b.DeleteChannel(testContext(t), "news"))
	fill()
	j.wait(t, "all of the second", func() bool { return len(j.ends)+len(j.stored) == 2*2*20 })
}

// BenchmarkJoin is of a window of segments of 2 s in two tracks, whose media is far larger than its index.
func BenchmarkJoin(b *testing.B) {
	for name, maxAge := range map[string]time.Duration{"without an index": unindexed, "with an index": indexFrom} {
		b.Run(name, func(b *testing.B) { benchmarkJoin(b, maxAge) })
	}
}

func benchmarkJoin(b *testing.B, maxAge time.Duration) {
	bus := openBus(b, Config{})
	require.NoError(b, bus.SetChannel(testContext(b), "news", maxAge))
	w := acquire(b, bus, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(b, w.Run(run, inits))
	require.NoError(b, w.Target(2*time.Second))
	const rows = 1800
	for segment := range uint64(rows) {
		writeRow(b, w, run, segment, 5000)
	}
	closeWriter(b, w)
	if maxAge >= indexFrom {
		eventually(b, "the index", func() bool { return indexed(b, bus) == 2*rows })
	}
	for b.Loop() {
		ctx, cancel := context.WithCancel(testContext(b))
		n := counted{reached: cancel}
		require.ErrorIs(b, bus.Join(ctx, "news", &n), context.Canceled)
		require.Equal(b, 2*rows, n.ends)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(2*rows), "µs/segment")
}

// counted is a Joiner that counts.
type counted struct {
	ends    int
	reached context.CancelFunc
}

func (c *counted) Target(time.Duration)        {}
func (c *counted) Run(media.Run, []media.Init) {}
func (c *counted) Chunk(media.Chunk)           {}
func (c *counted) End(media.SegmentEnd)        { c.ends++ }
func (c *counted) Stored(media.SegmentEnd)     { c.ends++ }
func (c *counted) Signal(media.Signal)         {}
func (c *counted) Retract(string, uint64, int) {}
func (c *counted) CaughtUp()                   { c.reached() }
