package bus

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every run began a pruning of its own, each of which read all runs.
func TestManyRunsAreNotPrunedAllAtOnce(t *testing.T) {
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	before := runtime.NumGoroutine()
	for id := range uint64(200) {
		run, inits := testRun(id, id, timeline.Add(time.Duration(id)*time.Second))
		require.NoError(t, w.Run(run, inits))
		c := testChunk(run, "v1", id, 0, 100)
		require.NoError(t, w.Chunk(c))
		require.NoError(t, w.End(testEnd(c)))
		require.LessOrEqual(t, runtime.NumGoroutine(), before+10)
	}
	closeWriter(t, w)
}
