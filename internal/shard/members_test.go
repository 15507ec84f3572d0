package shard

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"weir/internal/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const deadline = time.Minute

var quiet = slog.New(slog.DiscardHandler)

// cluster is a bus that some edges share.
type cluster struct {
	t   *testing.T
	bus *bus.Bus
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return &cluster{t, b}
}

// bucket is the bucket as one edge sees it, until it is cut off.
type bucket struct {
	jetstream.KeyValue
	mu  sync.Mutex
	cut bool
}

func (b *bucket) Put(ctx context.Context, key string, value []byte) (uint64, error) {
	b.mu.Lock()
	cut := b.cut
	b.mu.Unlock()
	if cut {
		return 0, context.DeadlineExceeded
	}
	return b.KeyValue.Put(ctx, key, value)
}

func (b *bucket) Delete(ctx context.Context, key string, opts ...jetstream.KVDeleteOpt) error {
	b.mu.Lock()
	cut := b.cut
	b.mu.Unlock()
	if cut {
		return context.DeadlineExceeded
	}
	return b.KeyValue.Delete(ctx, key, opts...)
}

func (b *bucket) sever() {
	b.mu.Lock()
	b.cut = true
	b.mu.Unlock()
}

// join is an edge more, and its bucket.
func (c *cluster) join(self Member) (*Members, *bucket) {
	c.t.Helper()
	kv, err := c.bus.Edges(c.t.Context())
	require.NoError(c.t, err)
	b := &bucket{KeyValue: kv}
	m := Join(Config{Bucket: func(context.Context) (jetstream.KeyValue, error) { return b, nil }, Self: self, Load: func() (int, int) { return 7, 3 }, Log: quiet, every: 20 * time.Millisecond})
	c.t.Cleanup(m.Close)
	return m, b
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, deadline, 5*time.Millisecond, what)
}

func ids(m *Members) (all []string) {
	for _, s := range m.List() {
		all = append(all, s.ID)
	}
	return all
}

func TestEdgesKnowWhoLives(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	a, _ := c.join(Member{ID: "a", Address: "http://10.0.0.1:8080", Group: "eu"})
	require.Equal(t, []string{"a"}, ids(a), "an edge is there for itself, whatever the bus does")
	b, _ := c.join(Member{ID: "b", Address: "http://10.0.0.2:8080", Group: "eu"})
	_, killed := c.join(Member{ID: "c", Address: "http://10.0.0.3:8080", Group: "us"})
	_, _ = c.join(Member{ID: "d", Group: "eu"})
	eventually(t, "all four", func() bool { return len(ids(a)) == 4 && len(ids(b)) == 4 })
	require.Equal(t, 1, a.Others(), "one of the own group has an address")
	require.Equal(t, 7, b.List()[0].Load)
	eventually(t, "how many lag at the others of the group", func() bool { best, other := a.Best(); return other && best == 3 })
	mine := 0
	for _, key := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		of, others := a.Owner(key, nil)
		same, more := b.Owner(key, nil)
		require.Equal(t, of.ID, same.ID)
		require.NotEqual(t, others, more, "it is others' for one of them")
		if !others {
			mine++
		}
	}
	require.NotZero(t, mine)
	require.NotEqual(t, 9, mine)

	killed.sever()
	eventually(t, "that c is dead", func() bool { return len(ids(a)) == 3 && len(ids(b)) == 3 })
	b.Close()
	eventually(t, "that b has left", func() bool { return len(ids(a)) == 2 })
	_, others := a.Owner("1", nil)
	require.False(t, others)
	back, _ := c.join(Member{ID: "b", Address: "http://10.0.0.2:8080", Group: "eu"})
	eventually(t, "that b is back", func() bool { return a.Others() == 1 && back.Others() == 1 })
}

// An edge that is cut off from the bus keeps those whom it knew: that it hears nothing is not that they are dead.
func TestNobodyDiesWhileTheBusIsAway(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	a, mine := c.join(Member{ID: "a", Address: "http://10.0.0.1:8080"})
	_, theirs := c.join(Member{ID: "b", Address: "http://10.0.0.2:8080"})
	other, _ := c.join(Member{ID: "c", Address: "http://10.0.0.3:8080"})
	eventually(t, "all", func() bool { return len(ids(a)) == 3 && len(ids(other)) == 3 })
	mine.sever()
	theirs.sever()
	eventually(t, "that they are dead for the third", func() bool { return len(ids(other)) == 1 })
	require.Equal(t, []string{"a", "b", "c"}, ids(a))
}
