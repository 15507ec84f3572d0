package bus

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// A point of presence has the channels of the servers that it is a leaf node of, also those that come later, without those that are gone, and one
// that was made anew from its beginning.
func TestPointOfPresenceFollowsItsOrigin(t *testing.T) {
	leaves := unused(t, 1)[0]
	t.Setenv("WEIR_LEAF_LISTEN", leaves)
	hub := startConfigured(t, "nats-hub.conf")
	origin := openBus(t, Config{URL: hub.as("operator")})
	require.NoError(t, origin.SetChannel(testContext(t), "news", time.Hour))
	require.NoError(t, origin.SetChannel(testContext(t), "old", time.Hour))
	w := acquire(t, origin, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 1000)

	t.Setenv("WEIR_POP", "pop1")
	t.Setenv("WEIR_LEAF_URL", "nats-leaf://leaf:leaf@"+leaves)
	pop := startConfigured(t, "nats-pop.conf")
	keeper := openBus(t, Config{URL: pop.as("operator"), Role: Mirror})
	ctx, cancel := context.WithCancel(testContext(t))
	ended := make(chan error, 1)
	go func() { ended <- keeper.KeepMirrors(ctx, "weir", time.Minute) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })

	edge := openBus(t, Config{URL: pop.as("edge"), Role: Edge})
	r := read(t, edge, "news")
	r.wait(t, "what was there", func() bool { return len(r.ends) == 2 })
	writeRow(t, w, run, 1, 1000)
	r.wait(t, "what comes", func() bool { return len(r.ends) == 4 })
	s, err := keeper.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)
	require.Equal(t, time.Minute, s.CachedInfo().Config.MaxAge)
	require.ErrorIs(t, keeper.SetChannel(testContext(t), "news", time.Hour), ErrRole)
	away, err := jetstream.NewWithDomain(keeper.nc, "weir")
	require.NoError(t, err)
	short, stop := context.WithTimeout(testContext(t), time.Second)
	defer stop()
	require.ErrorIs(t, away.DeleteStream(short, streamName("news")), context.DeadlineExceeded, "nobody there hears of it")
	_, err = origin.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)

	require.NoError(t, origin.SetChannel(testContext(t), "late", time.Hour))
	require.NoError(t, origin.DeleteChannel(testContext(t), "old"))
	closeWriter(t, w)
	require.NoError(t, origin.DeleteChannel(testContext(t), "news"))
	require.NoError(t, origin.SetChannel(testContext(t), "news", time.Hour))
	again := acquire(t, origin, "news")
	require.NoError(t, again.Run(run, inits))
	writeRow(t, again, run, 0, 500)
	r.wait(t, "the channel that was made anew", func() bool { return len(r.ends) == 6 })
	eventually(t, "the channels there are those here", func() bool {
		all, err := list(testContext(t), keeper.js)
		return err == nil && all[streamName("late")] != nil && all[streamName("old")] == nil
	})
	closeWriter(t, again)
}
