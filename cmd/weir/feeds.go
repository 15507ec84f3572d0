package main

import (
	"context"
	"log/slog"
	nethttp "net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/ingest"
	"weir/ingest/cmaf"
	"weir/ingest/file"
	"weir/ingest/http"
	"weir/ingest/ladder"
	"weir/ingest/pull"
	"weir/ingest/source"
	"weir/ingest/srt"
	"weir/ingest/subtitles"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/config"
)

// newIngest makes the server that admits feeds, and the hook that it asks, which has to be closed after it; nil where there is none.
func newIngest(cfg config.Ingest, b *bus.Bus, channels *catalog.Catalog, log *slog.Logger) (*ingest.Server, *ingest.Hook) {
	var hook *ingest.Hook
	if cfg.Admission.OnPublish != "" {
		hook = ingest.NewHook(cfg.Admission.OnPublish, cfg.Admission.OnPublishIn, log.With("area", "ingest"))
	}
	return ingest.New(ingest.Config{
		Bus: ingest.OnBus(b), Catalog: channels, Log: log.With("area", "ingest"), Now: time.Now,
		Admission: ingest.Admission{Allow: cfg.Admission.Allow, Hook: hook},
		Feeds:     cfg.Limits.Feeds, Tracks: cfg.Limits.Tracks, SampleBytes: int(cfg.Limits.Sample), Bitrate: cfg.Limits.Bitrate,
	}), hook
}

// newLadders puts what makes ladders between the adapters and the server.
func newLadders(cfg config.Ladder, feeds *ingest.Server, channels *catalog.Catalog, log *slog.Logger) *ladder.Ladders {
	return ladder.New(ladder.Config{
		Ingest: feeds, Catalog: channels, Log: log.With("area", "ladder"), Now: time.Now,
		Children: cfg.Children, Nice: cfg.Nice, Speed: cfg.Speed, FFmpeg: cfg.FFmpeg,
	})
}

// serveHTTP runs what is pushed by HTTP: feeds go to the opener, subtitles to the server.
func serveHTTP(ctx context.Context, group *errgroup.Group, cfg config.Ingest, ports *ports, server *ingest.Server, feeds ingest.Opener,
	channels *catalog.Catalog, log *slog.Logger,
) {
	texts := subtitles.New(subtitles.Config{Ingest: server, Log: log.With("area", "subtitles"), Now: time.Now})
	segments := cmaf.New(cmaf.Config{Ingest: feeds, Log: log.With("area", "cmaf"), Now: time.Now, Idle: cfg.Limits.Idle})
	var browsers nethttp.Handler
	if ports.whip != nil {
		browsers = serveWHIP(ctx, group, cfg, ports.whip, feeds, channels, log)
	}
	listener := http.New(http.Config{
		Listener: ports.ingest, Ingest: feeds, Log: log.With("area", "http"), Now: time.Now, CMAF: segments, Subtitles: texts, WHIP: browsers,
		HeaderTimeout: cfg.Limits.Handshake, IdleTimeout: cfg.Limits.Idle, Connections: cfg.Limits.Connections,
	})
	group.Go(func() error {
		stop := context.AfterFunc(ctx, segments.Close)
		defer segments.Close()
		defer stop()
		return listener.Run(ctx)
	})
	log.Info("listening", "for", "http", "address", ports.ingest.Addr().String())
}

// serveSRT runs what takes feeds in by SRT from senders that call.
func serveSRT(ctx context.Context, group *errgroup.Group, cfg config.Ingest, ln *srt.Listener, feeds ingest.Opener,
	channels *catalog.Catalog, log *slog.Logger,
) {
	if ln == nil {
		return
	}
	server := srt.New(srt.Config{
		Listener: ln, Ingest: feeds, Catalog: channels, Passphrase: cfg.SRT.Passphrase, Log: log.With("area", "srt"), Now: time.Now,
		HandshakeTimeout: cfg.Limits.Handshake, IdleTimeout: cfg.Limits.Idle, Connections: cfg.Limits.Connections,
	})
	group.Go(func() error { return server.Run(ctx) })
	log.Info("listening", "area", "srt", "for", "srt", "address", ln.Addr().String())
}

// serveSources runs what fetches the feeds that channels name.
func serveSources(ctx context.Context, group *errgroup.Group, limits config.Limits, feeds ingest.Opener, channels *catalog.Catalog, log *slog.Logger) {
	sources := source.New(source.Config{
		Ingest: feeds, Catalog: channels, Log: log, Now: time.Now, Kinds: []source.Kind{
			file.Sources(file.Config{Now: time.Now}),
			pull.Sources(pull.Config{Now: time.Now, IdleTimeout: limits.Idle}),
			srt.Sources(srt.CallConfig{Now: time.Now, HandshakeTimeout: limits.Handshake, IdleTimeout: limits.Idle}),
		},
	})
	group.Go(func() error { return sources.Run(ctx) })
}
