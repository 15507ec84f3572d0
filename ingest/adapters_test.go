package ingest_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/file"
	"weir/ingest/ingesttest"
	"weir/ingest/source"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
)

// The real types fit.
var (
	_ ingest.Writer  = (*bus.Writer)(nil)
	_ ingest.Catalog = (*catalog.Catalog)(nil)
	_ source.Catalog = (*catalog.Catalog)(nil)
	_ ingest.Opener  = (*ingest.Server)(nil)
)

// rows counts what comes out of a feed.
type rows struct {
	mu     sync.Mutex
	runs   []media.Run
	ends   map[string][]media.SegmentEnd
	enough chan struct{}
}

func (r *rows) Acquire(context.Context, string) (ingest.Writer, error) { return r, nil }

func (r *rows) Run(run media.Run, _ []media.Init) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs = append(r.runs, run)
	return nil
}

func (r *rows) Target(time.Duration) error { return nil }

func (r *rows) Signal(media.Signal) error { return nil }
func (r *rows) Chunk(media.Chunk) error   { return nil }

func (r *rows) End(e media.SegmentEnd) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends[e.Track] = append(r.ends[e.Track], e)
	if len(r.ends["v1"]) == 40 && e.Track == "v1" {
		close(r.enough)
	}
	return nil
}

func (r *rows) Resume() bus.Resume          { return bus.Resume{} }
func (r *rows) Lost() <-chan struct{}       { return nil }
func (r *rows) Stats() bus.WriterStats      { return bus.WriterStats{} }
func (r *rows) Close(context.Context) error { return nil }

// The demo channel, packaged over more than three loops: one run, segments of 2 s that join, nothing dropped.
func TestDemoIsOneRun(t *testing.T) {
	t.Parallel()
	demo := catalog.New("demo")
	demo.Source = "file:testdata/demo.mp4"
	channels := ingesttest.Catalog{demo}
	out := &rows{ends: make(map[string][]media.SegmentEnd), enough: make(chan struct{})}
	clock := ingesttest.NewClock()
	log := slog.New(slog.DiscardHandler)
	server := ingest.New(ingest.Config{Bus: out, Catalog: channels, Log: log, Now: clock.Now})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	sources := source.New(source.Config{
		Ingest: server, Catalog: channels, Kinds: []source.Kind{file.Sources(file.Config{Now: clock.Now, Wait: clock.Wait})}, Log: log, Now: clock.Now, Wait: clock.Wait,
	})
	go func() { ended <- sources.Run(ctx) }()
	select {
	case <-out.enough:
	case <-time.After(time.Minute):
		t.Error("no 40 segments within a minute")
	}
	st, _ := server.Status("demo")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	closing, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	server.Close(closing)
	if errors.Is(closing.Err(), context.DeadlineExceeded) {
		t.Error("a feed was left open")
	}
	if len(out.runs) != 1 || st.DroppedSamples != 0 || st.ForcedCuts != 0 || st.LastError != "" || st.State != ingest.OnAir {
		t.Fatalf("%d runs, status %+v", len(out.runs), st)
	}
	for track, ends := range out.ends {
		for i, e := range ends[:40] {
			if i > 0 && e.Start != ends[i-1].Start+ends[i-1].Duration {
				t.Errorf("%s: segment %d begins at %d, the one before ends at %d", track, e.Segment, e.Start, ends[i-1].Start+ends[i-1].Duration)
			}
			if track == "v1" && i > 0 && e.Duration != 2*media.Ticks(e.Timescale) {
				t.Errorf("%s: segment %d lasts %d", track, e.Segment, e.Duration)
			}
		}
	}
}
