package srt

import (
	"context"
	"testing"
	"time"

	"weir/ingest/ingesttest"
)

// serve runs a server until the test ends, and gives its address and what stops it before.
func serve(t *testing.T, cfg Config) (address string, stop func()) {
	t.Helper()
	ln, err := Listen("127.0.0.1:0", 0)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener, cfg.Log, cfg.Now = ln, ingesttest.Log(t), time.Now
	if cfg.Catalog == nil {
		cfg.Catalog = ingesttest.Catalog{}
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
