package rtmp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"weir/ingest"
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
	f := &fakeFeed{publish: p, done: make(chan struct{}), closed: make(chan struct{}), wrote: make(chan struct{}, 1)}
	i.feeds <- f
	return f, nil
}

// fakeFeed keeps everything.
type fakeFeed struct {
	publish ingest.Publish
	done    chan struct{} // the server's wish
	closed  chan struct{}
	wrote   chan struct{} // has a token after something new

	mu      sync.Mutex
	starts  [][]media.Format
	samples []media.Sample
	at      []int // which start each sample follows
	err     error
	reason  error
	ended   bool
	dropped int
}

func (f *fakeFeed) Start(formats []media.Format) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.starts = append(f.starts, formats)
	return nil
}

func (f *fakeFeed) Write(s media.Sample) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.starts); n == 0 || s.Track >= len(f.starts[n-1]) {
		return fmt.Errorf("sample of track %d was not announced", s.Track)
	}
	f.samples = append(f.samples, s)
	f.at = append(f.at, len(f.starts)-1)
	select {
	case f.wrote <- struct{}{}:
	default:
	}
	return nil
}

func (f *fakeFeed) Event(media.Event) error { return nil }

func (f *fakeFeed) Dropped(string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped++
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

// waitSamples waits until n samples are there.
func (f *fakeFeed) waitSamples(t *testing.T, n int) []media.Sample {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		f.mu.Lock()
		s := f.samples
		f.mu.Unlock()
		if len(s) >= n {
			return s
		}
		select {
		case <-f.wrote:
		case <-limit:
			t.Fatalf("%d of %d samples came", len(s), n)
		}
	}
}

func (f *fakeFeed) waitClosed(t *testing.T) error {
	t.Helper()
	wait(t, f.closed, "feed is closed")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reason
}

func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("not within a minute: %s", what)
	}
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

// serve runs a server until the test ends, and gives its address and what stops it before.
func serve(t *testing.T, cfg Config) (addr string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener = ln
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
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
