package http

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"weir/ingest"
	"weir/internal/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeIngest admits every feed but those that refuse names.
type fakeIngest struct {
	refuse func(ingest.Publish) error
	feeds  chan *fakeFeed
}

func (i *fakeIngest) Open(_ context.Context, p ingest.Publish) (ingest.Feed, error) {
	if i.refuse != nil {
		if err := i.refuse(p); err != nil {
			return nil, err
		}
	}
	f := &fakeFeed{publish: p, done: make(chan struct{}), closed: make(chan struct{}), begun: make(chan struct{})}
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

// fakeFeed counts.
type fakeFeed struct {
	publish ingest.Publish
	done    chan struct{} // the server's wish
	closed  chan struct{}
	begun   chan struct{} // the tracks are announced

	mu      sync.Mutex
	starts  int
	samples int
	err     error
	reason  error
}

func (f *fakeFeed) Start([]media.Format) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.starts++
	if f.starts == 1 {
		close(f.begun)
	}
	return nil
}

func (f *fakeFeed) Write(media.Sample) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.samples++
	return nil
}

func (f *fakeFeed) Event(media.Event) error { return nil }
func (f *fakeFeed) Dropped(string)          {}
func (f *fakeFeed) Done() <-chan struct{}   { return f.done }

func (f *fakeFeed) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *fakeFeed) Close(reason error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.closed:
	default:
		f.reason = reason
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

func (f *fakeFeed) waitClosed(t *testing.T) (samples int, reason error) {
	t.Helper()
	wait(t, f.closed, "the feed is closed")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.samples, f.reason
}

func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("not within a minute: %s", what)
	}
}

// serve runs a server until the test ends, and gives its URL and what stops it before.
func serve(t *testing.T, cfg Config) (url string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener = ln
	cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- New(cfg).Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return "http://" + ln.Addr().String(), stop
}
