package bus

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"weir/internal/sizing"
)

// TestSizingCoversTheDisk holds what a channel is reckoned to take on disk against what its stream stores.
func TestSizingCoversTheDisk(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 5000, 60000} {
		b := openBus(t, Config{})
		require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
		before, err := b.Room(testContext(t))
		require.NoError(t, err)
		w := acquire(t, b, "news")
		run, inits := testRun(0, 0, timeline)
		require.NoError(t, w.Run(run, inits))
		const rows = 60 // of 2 s
		for n := range uint64(rows) {
			writeRow(t, w, run, n, size)
		}
		closeWriter(t, w)
		eventually(t, "the index", func() bool { return indexed(t, b) == rows*2 })
		after, err := b.Room(testContext(t))
		require.NoError(t, err)
		takes := after.Used - before.Used
		require.GreaterOrEqual(t, takes, int64(rows*2*10*size))

		// The bus keeps a minute and two segments beyond the DVR: a window of this much less has stored as much.
		c := sizing.Channel{Bitrate: int64(2 * 10 * size * 8 / 2), DVR: rows*2*time.Second - time.Minute - 4*time.Second, Segment: 2 * time.Second, Chunk: 200 * time.Millisecond}
		const blocks = 8 << 20 // that are told apart from what is stored
		require.LessOrEqual(t, takes, c.Disk()-blocks, "size %d", size)
		require.Less(t, float64(c.Disk()-blocks), 1.25*float64(takes), "size %d", size)

		require.Positive(t, after.Limit)
		require.Greater(t, after.Limit, after.Used, "there is room on the disk of tests")
	}
}

// What an account of an outside server may store is its limit; where it has none, nothing is known.
func TestRoomOutside(t *testing.T) {
	t.Parallel()
	free := openBus(t, Config{URL: startOutside(t).url()})
	r, err := free.Room(testContext(t))
	require.NoError(t, err)
	require.Equal(t, Room{Used: r.Used, Replicas: 1}, r)

	o := startOutsideWith(t, func(o *server.Options) {
		team := server.NewAccount("team")
		o.Accounts = []*server.Account{team}
		o.Users = []*server.User{{Username: "weir", Password: "secret", Account: team}}
	})
	team, err := o.srv.LookupAccount("team")
	require.NoError(t, err)
	require.NoError(t, team.EnableJetStream(map[string]server.JetStreamAccountLimits{"": {
		MaxMemory: -1, MaxStore: 100 << 20, MaxStreams: -1, MaxConsumers: -1, MaxAckPending: -1, MemoryMaxStreamBytes: -1, StoreMaxStreamBytes: -1,
	}}, nil))
	bound := openBus(t, Config{URL: "nats://weir:secret@" + o.host()})
	r, err = bound.Room(testContext(t))
	require.NoError(t, err)
	require.Equal(t, int64(100<<20), r.Limit)
	require.Less(t, r.Used, r.Limit)
}
