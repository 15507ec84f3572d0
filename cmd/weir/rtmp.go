package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/ingest"
	"weir/ingest/rtmp"
	"weir/internal/config"
)

// secure has the listener for RTMPS speak TLS.
func (p *ports) secure(cfg config.RTMPS) error {
	if p.rtmps == nil {
		return nil
	}
	ln, err := rtmp.Secure(p.rtmps, cfg.Certificate, cfg.Key)
	if err != nil {
		return err
	}
	p.rtmps = ln
	return nil
}

// serveRTMP runs what comes in by RTMP, or by RTMPS, where ln is not nil.
func serveRTMP(ctx context.Context, group *errgroup.Group, cfg config.Ingest, name string, ln net.Listener, feeds ingest.Opener, log *slog.Logger) {
	if ln == nil {
		return
	}
	server := rtmp.New(rtmp.Config{
		Listener: ln, Ingest: feeds, Log: log.With("area", name), Now: time.Now,
		HandshakeTimeout: cfg.Limits.Handshake, IdleTimeout: cfg.Limits.Idle, Connections: cfg.Limits.Connections,
	})
	group.Go(func() error { return server.Run(ctx) })
	log.Info("listening", "for", name, "address", ln.Addr().String())
}
