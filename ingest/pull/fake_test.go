package pull

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"weir/ingest"
	"weir/internal/catalog"
	"weir/internal/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeIngest admits every feed.
type fakeIngest struct{ feeds chan *fakeFeed }

func (i *fakeIngest) Open(_ context.Context, p ingest.Publish) (ingest.Feed, error) {
	f := &fakeFeed{publish: p, done: make(chan struct{}), closed: make(chan struct{}), wrote: make(chan struct{}, 1)}
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
	starts  int
	samples []media.Sample
	events  []media.Event
	dropped int
	err     error
	reason  error
}

func (f *fakeFeed) Start([]media.Format) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.starts++
	return nil
}

func (f *fakeFeed) Write(s media.Sample) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.samples = append(f.samples, s)
	select {
	case f.wrote <- struct{}{}:
	default:
	}
	return nil
}

func (f *fakeFeed) Event(e media.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	return nil
}

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
	select {
	case <-f.closed:
	case <-time.After(time.Minute):
		t.Fatal("the feed was not closed within a minute")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reason
}

// of are the samples of a track.
func of(all []media.Sample, track int) (some []media.Sample) {
	for _, s := range all {
		if s.Track == track {
			some = append(some, s)
		}
	}
	return some
}

type catalogOf []catalog.Channel

func (c catalogOf) Watch(ctx context.Context) <-chan catalog.Change {
	out := make(chan catalog.Change, len(c))
	for _, ch := range c {
		out <- catalog.Change{ID: ch.ID, Channel: ch}
	}
	go func() {
		<-ctx.Done()
		close(out)
	}()
	return out
}

// supervise runs a supervisor for one channel with that source until the test ends.
func supervise(t *testing.T, source string, cfg Config) *fakeIngest {
	t.Helper()
	ch := catalog.New("news")
	ch.Source, ch.Key = source, "k"
	if err := ch.Validate(); err != nil {
		t.Fatal(err)
	}
	in := &fakeIngest{feeds: make(chan *fakeFeed, 100)}
	cfg.Ingest, cfg.Catalog = in, catalogOf{ch}
	cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- New(cfg).Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return in
}

// fakeClock moves when somebody waits.
type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func newFakeClock() *fakeClock { return &fakeClock{t: time.Unix(1_800_000_000, 0)} }

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
	return ctx.Err()
}
