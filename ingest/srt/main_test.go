package srt

import (
	"testing"
	"time"

	"weir/ingest/ingesttest"
)

// listen is at a free port. Connections have at least that latency.
func listen(t *testing.T, latency time.Duration) *Listener {
	t.Helper()
	ln, err := Listen("127.0.0.1:0", latency)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// serve runs a server until the test ends, and gives its address and what stops it before.
func serve(t *testing.T, cfg Config) (address string, stop func()) {
	t.Helper()
	if cfg.Listener == nil {
		cfg.Listener = listen(t, DefaultLatency)
	}
	cfg.Log, cfg.Now = ingesttest.Log(t), time.Now
	if cfg.Catalog == nil {
		cfg.Catalog = ingesttest.Catalog{}
	}
	return cfg.Listener.Addr().String(), ingesttest.Run(t, New(cfg).Run)
}
