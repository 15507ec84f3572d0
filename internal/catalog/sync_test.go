package catalog

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// fragile is a bucket whose watches can be cut.
type fragile struct {
	jetstream.KeyValue
	mu      sync.Mutex
	watches []jetstream.KeyWatcher
}

func (f *fragile) WatchAll(ctx context.Context, opts ...jetstream.WatchOpt) (jetstream.KeyWatcher, error) {
	w, err := f.KeyValue.WatchAll(ctx, opts...)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watches = append(f.watches, w)
	return w, err
}

func (f *fragile) cut(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.watches[len(f.watches)-1].Stop(); err != nil {
		t.Fatal(err)
	}
}

// What others change while the bus does not tell is seen when it tells again.
func TestWatchOfTheBucketIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	weak := &fragile{KeyValue: kv}
	a, b := open(t, weak), open(t, kv)
	put(t, b, "gone", Patch{})
	await(t, a, func(ch Change) bool { return ch.ID == "gone" })

	weak.cut(t)
	if err := b.Delete(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	put(t, b, "news", Patch{DVR: ptr(time.Hour)})
	await(t, a, func(ch Change) bool { return ch.ID == "news" && ch.Channel.DVR == time.Hour })
	if _, ok := a.Channel("gone"); ok {
		t.Fatal("a channel that was deleted meanwhile is still there")
	}
}

// The bus is gone before the catalog is closed: Close returns all the same, and what is known stays known until then.
func TestCloseAfterTheBus(t *testing.T) {
	t.Parallel()
	nc, kv := connect(t)
	c := open(t, kv, channel("news"))
	put(t, c, "live", Patch{})
	nc.Close()
	if _, _, err := c.Put(t.Context(), "live", Patch{Title: ptr("x")}); err == nil {
		t.Error("a change is said to be stored without a bus")
	}
	if got := len(c.Channels()); got != 2 {
		t.Error(got)
	}
	done := make(chan struct{})
	go func() { c.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("Close hangs")
	}
}
