package bus

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// The first target duration of a channel held for good: with a longer segment, or an encoder of longer GOPs, segments were cut where
// decoding cannot start although nobody had the old media any more.
func TestTargetIsFixedAnewWhenAllMediaHasExpired(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, b, "news")
	for i, target := range []time.Duration{3 * time.Second, 6 * time.Second, 2 * time.Second} {
		w := acquire(t, b, "news")
		require.Zero(t, w.Resume().Target)
		require.Equal(t, uint64(i), w.Resume().Segment, "numbers go on")
		run, inits := testRun(w.Resume().Run, w.Resume().Segment, timeline.Add(time.Duration(i)*time.Hour))
		require.NoError(t, w.Run(run, inits))
		c := testChunk(run, "v1", run.First, 0, 100)
		require.NoError(t, w.Chunk(c))
		r.wait(t, "the run", func() bool { return len(r.runs) == i+1 })
		require.NoError(t, w.Target(target))
		require.NoError(t, w.End(testEnd(c)))
		// Not only some end: those that closed the row before come late.
		r.wait(t, "the end", func() bool { _, ok := r.end("v1", run.First); return ok })
		require.Equal(t, target, r.targets[len(r.targets)-1])
		closeWriter(t, w)

		again := acquire(t, b, "news")
		require.Equal(t, target, again.Resume().Target, "there is media")
		closeWriter(t, again)
		s, err := b.js.Stream(testContext(t), streamName("news"))
		require.NoError(t, err)
		require.NoError(t, s.Purge(testContext(t), jetstream.WithPurgeSubject(subjectRoot+"news.>")))
	}
}
