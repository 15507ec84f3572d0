package cmaf

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/ingest/ingesttest"
)

// What is held until the tracks are known says when it came, or would have come without the sender's own waiting: chunks come when their last
// sample is there.
func TestHeldSamplesSayWhenTheyCame(t *testing.T) {
	t.Parallel()
	const frame = 1024 * time.Second / 48000
	clock := ingesttest.NewClock()
	begin := clock.Now()
	b := newBench(t, func(c *Config) { c.Now, c.Gather = clock.Now, time.Second })
	b.put("/cmaf/live/a.cmfa", soundHeader())
	const chunk, chunks = 10, 8
	last := func(n int) time.Time { return begin.Add(time.Duration(n*chunk+chunk-1) * frame) }
	for n := range chunks { // 1.7 s
		clock.Advance(last(n).Sub(clock.Now()))
		b.put("/cmaf/live/a.cmfa", sound(n*chunk, chunk))
	}
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Of(0)) == chunk*chunks })
	held := 0
	for i, s := range b.feed(0).Got().Of(0) {
		if last(i/chunk).Sub(last(0)) < time.Second+chunk*frame && s.Arrived.Before(last(i/chunk)) {
			held++
			require.WithinDuration(t, begin.Add(time.Duration(i)*frame), s.Arrived, time.Microsecond, "sample %d", i)
			continue
		}
		require.True(t, s.Arrived.Equal(last(i/chunk)), "sample %d arrived at %v", i, s.Arrived.Sub(begin))
	}
	require.GreaterOrEqual(t, held, 40)
}
