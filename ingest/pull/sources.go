package pull

import (
	"context"
	"strings"
	"time"

	"weir/ingest/source"
	"weir/internal/catalog"
)

// Config is what fetching needs. Zero durations stand for the defaults.
type Config struct {
	Now func() time.Time
	// Wait waits for d, or until ctx ends, whose error it then returns. nil: on the machine's clock.
	Wait func(ctx context.Context, d time.Duration) error

	IdleTimeout time.Duration // without a byte, after which a feed ends; 10 s
}

// Sources are transport streams that are fetched.
func Sources(cfg Config) source.Kind {
	if cfg.Wait == nil {
		cfg.Wait = source.Sleep
	}
	if cfg.IdleTimeout == 0 {
		cfg.IdleTimeout = 10 * time.Second
	}
	return source.Kind{
		Area: "pull", Failed: "source failed, trying again", Panicked: "panic in a source",
		Is:  func(url string) bool { return cfg.fetch(url) != nil },
		Run: func(ctx context.Context, j source.Job) error { return cfg.fetch(j.URL)(ctx, j) },
	}
}

// fetch is what brings a source's feed until something ends it; nil: the source is another's.
func (cfg Config) fetch(url string) func(ctx context.Context, j source.Job) error {
	if _, _, ok := catalog.TransportFile(url); ok {
		return cfg.file
	}
	switch {
	case strings.HasPrefix(url, catalog.SourceUDP):
		return cfg.udp
	case strings.HasPrefix(url, catalog.SourceHTTP), strings.HasPrefix(url, catalog.SourceHTTPS):
		return cfg.http
	}
	return nil
}
