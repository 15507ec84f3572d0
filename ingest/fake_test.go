package ingest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
)

// fakeBus gives out writers that keep what they get.
type fakeBus struct {
	err     error
	resume  bus.Resume
	acquire func(ctx context.Context) error // called in Acquire, where set

	mu      sync.Mutex
	writers []*fakeWriter
}

func (b *fakeBus) Acquire(ctx context.Context, channel string) (Writer, error) {
	if b.acquire != nil {
		if err := b.acquire(ctx); err != nil {
			return nil, err
		}
	}
	if b.err != nil {
		return nil, b.err
	}
	w := &fakeWriter{channel: channel, resume: b.resume, lost: make(chan struct{}), closed: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writers = append(b.writers, w)
	return w, nil
}

func (b *fakeBus) writer(t *testing.T, i int) *fakeWriter {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if i >= len(b.writers) {
		t.Fatalf("writer %d was not acquired", i)
	}
	return b.writers[i]
}

type fakeWriter struct {
	channel string
	resume  bus.Resume
	lost    chan struct{}
	closed  chan struct{}

	mu      sync.Mutex
	runs    []media.Run
	chunks  []media.Chunk
	ends    []media.SegmentEnd
	signals []media.Signal
	fail    error
	panics  bool
}

func (w *fakeWriter) Run(r media.Run, _ []media.Init) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs = append(w.runs, r)
	return w.fail
}

func (w *fakeWriter) Target(time.Duration) error { return nil }

func (w *fakeWriter) Signal(s media.Signal) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.signals = append(w.signals, s)
	return w.fail
}

func (w *fakeWriter) Chunk(c media.Chunk) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.panics {
		panic("bug in the writer")
	}
	w.chunks = append(w.chunks, c)
	return w.fail
}

func (w *fakeWriter) End(e media.SegmentEnd) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, e)
	return w.fail
}

func (w *fakeWriter) Resume() bus.Resume     { return w.resume }
func (w *fakeWriter) Lost() <-chan struct{}  { return w.lost }
func (w *fakeWriter) Stats() bus.WriterStats { return bus.WriterStats{Epoch: 7, DroppedSegments: 2} }

func (w *fakeWriter) Close(context.Context) error {
	select {
	case <-w.closed:
		return errors.New("closed twice")
	default:
	}
	close(w.closed)
	return nil
}

// fakeCatalog has channels, and tells of deletions.
type fakeCatalog struct {
	mu       sync.Mutex
	channels map[string]catalog.Channel
	changes  chan catalog.Change
}

func newFakeCatalog(channels ...catalog.Channel) *fakeCatalog {
	c := &fakeCatalog{channels: make(map[string]catalog.Channel), changes: make(chan catalog.Change)}
	for _, ch := range channels {
		c.channels[ch.ID] = ch
	}
	return c
}

func (c *fakeCatalog) Channel(id string) (catalog.Channel, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, ok := c.channels[id]
	return ch, ok
}

func (c *fakeCatalog) Watch(ctx context.Context) <-chan catalog.Change {
	out := make(chan catalog.Change)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case ch := <-c.changes:
				select {
				case out <- ch:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

func (c *fakeCatalog) delete(id string) {
	c.mu.Lock()
	delete(c.channels, id)
	c.mu.Unlock()
	c.changes <- catalog.Change{ID: id, Deleted: true}
}

// fakeClock is set by tests.
type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// aac is a format and samples that need no video.
func aac() media.Format {
	return media.Format{Codec: media.AAC, Config: []byte{0x11, 0x90}, Clock: media.Clock{Timescale: 48000}}
}
