package whip

import (
	"context"
	"fmt"
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
	f := newFakeFeed(p)
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
	wrote   chan struct{} // has a token after something new

	mu      sync.Mutex
	starts  [][]media.Format
	samples []media.Sample
	at      []int // which start each sample follows
	err     error
	reason  error
	ended   bool
	dropped map[string]int
}

func newFakeFeed(p ingest.Publish) *fakeFeed {
	return &fakeFeed{
		publish: p, done: make(chan struct{}), closed: make(chan struct{}), wrote: make(chan struct{}, 1), dropped: make(map[string]int),
	}
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

func (f *fakeFeed) Dropped(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
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

// waitFor waits until what has come satisfies ready.
func (f *fakeFeed) waitFor(t *testing.T, what string, ready func([]media.Sample) bool) []media.Sample {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		f.mu.Lock()
		s, reason, ended := f.samples, f.reason, f.ended
		f.mu.Unlock()
		if ready(s) {
			return s
		}
		if ended {
			t.Fatalf("the feed ended (%v) before: %s", reason, what)
		}
		select {
		case <-f.wrote:
		case <-f.closed:
		case <-limit:
			t.Fatalf("not within a minute, %d samples came: %s", len(s), what)
		}
	}
}

func (f *fakeFeed) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// came is what has come so far. The feed must not have ended on an error.
func (f *fakeFeed) came(t *testing.T) []media.Sample {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reason != nil {
		t.Fatalf("the feed ended: %v", f.reason)
	}
	return f.samples
}

func (f *fakeFeed) waitClosed(t *testing.T) error {
	t.Helper()
	wait(t, f.closed, "feed is closed")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reason
}

func (f *fakeFeed) formats(t *testing.T, start int) []media.Format {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if start >= len(f.starts) {
		t.Fatalf("only %d starts", len(f.starts))
	}
	return f.starts[start]
}

func (f *fakeFeed) drops() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[string]int, len(f.dropped))
	for why, n := range f.dropped {
		all[why] = n
	}
	return all
}

func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("not within a minute: %s", what)
	}
}
