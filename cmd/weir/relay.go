package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"weir/edge/relay"
	"weir/internal/config"
	"weir/internal/control"
	"weir/web"
)

// runRelay serves players with what the edges of another cluster have, until ctx ends.
func runRelay(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	ports, err := listen(cfg)
	if err != nil {
		return err
	}
	defer ports.close()
	log.Info("starting", "version", version, "role", "edge", "upstream", cfg.Edge.Upstream)
	if !web.Built() {
		log.Warn("the player page is not in this program: `make build` builds it")
	}
	players, err := relay.New(relay.Config{
		Upstreams: cfg.Edge.Upstream, Memory: cfg.Edge.Memory, Carry: cfg.Edge.Carry, Web: web.Pages(), Log: log.With("area", "edge"), Now: time.Now,
	})
	if err != nil {
		return err
	}
	admin := control.Relayed(players, version, log.With("area", "admin"))
	ended := make(chan error, 2)
	go func() { ended <- admin.Serve(ports.admin) }()
	go func() { ended <- players.Serve(ports.players) }()
	log.Info("listening", "for", "players", "address", ports.players.Addr().String())
	log.Info("listening", "for", "admin", "address", ports.admin.Addr().String())
	over := 0
	running, stopAll := context.WithCancel(context.Background())
	defer stopAll()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		drain(running, ctx, cfg.Drain, admin, log)
	}()
	select {
	case err = <-ended:
		over++
		stopAll()
		<-drained
	case <-drained:
	}
	log.Info("stopping")
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err = errors.Join(err, inTime(players.Shutdown(stop), log), inTime(admin.Shutdown(stop), log))
	for ; over < 2; over++ {
		err = errors.Join(err, <-ended)
	}
	return err
}
