package pull

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"weir/ingest/ingesttest"
	"weir/internal/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
func supervise(t *testing.T, source string, cfg Config) *ingesttest.Server {
	t.Helper()
	ch := catalog.New("news")
	ch.Source, ch.Key = source, "k"
	if err := ch.Validate(); err != nil {
		t.Fatal(err)
	}
	in := &ingesttest.Server{}
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
