package edge

import (
	"testing"
	"time"

	"weir/internal/catalog"
)

// The memory of a shortened or deleted channel went back to the system minutes later, for the collector had no reason to run.
func TestShrunkWindowsGiveMemoryBack(t *testing.T) {
	t.Parallel()
	released := make(chan struct{}, 1)
	f := newFixtureWith(t, Config{render: fakeRenderers(), release: func() { released <- struct{}{} }}, "news")
	h := <-f.handlers
	begin(h)
	for n := range uint64(30) {
		row(h, n, 1, 2<<20)
	}
	h.CaughtUp()
	f.at.Store(60)
	news := catalog.Channel{ID: "news", DVR: 58 * time.Second, Segment: lasts}
	f.catalog.changes <- catalog.Change{ID: "news", Channel: news} // little is freed: nothing happens
	news.DVR = 12 * time.Second
	f.catalog.changes <- catalog.Change{ID: "news", Channel: news}
	wait := func(what string) {
		t.Helper()
		select {
		case <-released:
		case <-time.After(time.Minute):
			t.Fatalf("%s: no memory was given back", what)
		}
	}
	wait("a shorter DVR")
	for n := range uint64(30) {
		row(h, 30+n, 1, 6<<20)
	}
	f.catalog.changes <- catalog.Change{ID: "news", Deleted: true}
	wait("a deleted channel")
	if len(released) != 0 {
		t.Error("it was given back once more")
	}
}
