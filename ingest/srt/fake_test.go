package srt

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"weir/ingest"
	"weir/internal/catalog"
	"weir/internal/media"
)

// fakeIngest admits every feed but those that refuse names, and keeps what they bring.
type fakeIngest struct {
	refuse func(ingest.Publish) error
	feeds  chan *fakeFeed
}

func newFakeIngest() *fakeIngest { return &fakeIngest{feeds: make(chan *fakeFeed, 16)} }

func (i *fakeIngest) Open(_ context.Context, p ingest.Publish) (ingest.Feed, error) {
	if i.refuse != nil {
		if err := i.refuse(p); err != nil {
			return nil, err
		}
	}
	f := &fakeFeed{publish: p, done: make(chan struct{}), closed: make(chan struct{})}
	i.feeds <- f
	return f, nil
}

func (i *fakeIngest) wait(t *testing.T) *fakeFeed {
	t.Helper()
	select {
	case f := <-i.feeds:
		return f
	case <-time.After(time.Minute):
		t.Fatal("no feed came within a minute")
		return nil
	}
}

// fakeFeed keeps everything.
type fakeFeed struct {
	publish ingest.Publish
	done    chan struct{} // the server's wish
	closed  chan struct{}

	mu      sync.Mutex
	formats []media.Format
	samples []media.Sample
	dropped map[string]int
	err     error
	reason  error
	ended   bool
}

func (f *fakeFeed) Start(formats []media.Format) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.formats = formats
	return nil
}

func (f *fakeFeed) Write(s media.Sample) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.Track >= len(f.formats) {
		return fmt.Errorf("sample of track %d was not announced", s.Track)
	}
	f.samples = append(f.samples, s)
	return nil
}

func (f *fakeFeed) Event(media.Event) error { return nil }

func (f *fakeFeed) Dropped(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dropped == nil {
		f.dropped = make(map[string]int)
	}
	f.dropped[why]++
}

func (f *fakeFeed) Done() <-chan struct{} { return f.done }

func (f *fakeFeed) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *fakeFeed) Close(reason error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ended {
		f.ended, f.reason = true, reason
		close(f.closed)
	}
}

// end is the server's wish.
func (f *fakeFeed) end(err error) {
	f.mu.Lock()
	f.err = err
	f.mu.Unlock()
	close(f.done)
}

func (f *fakeFeed) waitClosed(t *testing.T) error {
	t.Helper()
	select {
	case <-f.closed:
	case <-time.After(time.Minute):
		t.Fatal("the feed was not closed within a minute")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reason
}

func (f *fakeFeed) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.samples)
}

// channels is a catalog.
type channels map[string]catalog.Channel

func (c channels) Channel(id string) (catalog.Channel, bool) {
	ch, ok := c[id]
	return ch, ok
}

// serve runs a server until the test ends, and gives its address and what stops it before.
func serve(t *testing.T, cfg Config) (address string, stop func()) {
	t.Helper()
	ln, err := Listen("127.0.0.1:0", 0)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener, cfg.Log, cfg.Now = ln, testLog(t), time.Now
	if cfg.Catalog == nil {
		cfg.Catalog = channels{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := New(cfg).Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// eventually asks until ok says yes.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}
