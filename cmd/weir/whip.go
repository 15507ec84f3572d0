package main

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/ingest"
	"weir/ingest/whip"
	"weir/internal/catalog"
	"weir/internal/config"
)

// listenWHIP opens the ports for the media of WebRTC publishers; nil where the configuration wants none.
func listenWHIP(cfg config.Ingest) (*whip.Listener, error) {
	if cfg.WHIP.UDP == "" || cfg.HTTP == "" {
		return nil, nil
	}
	return whip.Listen(cfg.WHIP.UDP, cfg.WHIP.TCP)
}

// serveWHIP runs what takes feeds in from WebRTC publishers, and gives the handler of their offers.
func serveWHIP(ctx context.Context, group *errgroup.Group, cfg config.Ingest, ln *whip.Listener, feeds ingest.Opener,
	channels *catalog.Catalog, log *slog.Logger,
) *whip.Server {
	server := whip.New(whip.Config{
		Listener: ln, NAT: cfg.WHIP.NAT, Ingest: feeds, Log: log.With("area", "whip"), Now: time.Now,
		Segment: func(channel string) time.Duration {
			ch, _ := channels.Channel(channel)
			return ch.Segment
		},
		Sessions: min(cfg.Limits.Connections, cfg.Limits.Feeds),
	})
	group.Go(func() error { return server.Run(ctx) })
	for _, a := range ln.Addrs() {
		log.Info("listening", "for", "whip", "address", a.String())
	}
	return server
}
