package pull

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"weir/ingest/ingesttest"
	"weir/ingest/source"
	"weir/internal/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// supervise keeps the source of a channel going until the test ends.
func supervise(t *testing.T, url string, cfg Config) *ingesttest.Server {
	t.Helper()
	ch := catalog.New("news")
	ch.Source, ch.Key = url, "k"
	if err := ch.Validate(); err != nil {
		t.Fatal(err)
	}
	in := &ingesttest.Server{}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	sources := source.New(source.Config{
		Ingest: in, Catalog: ingesttest.Catalog{ch}, Kinds: []source.Kind{Sources(cfg)}, Log: slog.New(slog.DiscardHandler), Now: cfg.Now, Wait: cfg.Wait,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sources.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return in
}
