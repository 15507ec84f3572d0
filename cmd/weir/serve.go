package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/config"
	"weir/internal/control"
)

// stopTimeout is how long players and publishers have to finish when the program is told to stop.
const stopTimeout = 10 * time.Second

// serveCommand is `weir serve`.
type serveCommand struct {
	Config string `short:"c" type:"path" help:"The YAML file. Without one there are the channels demo, a looped clip, and live, open for a push."`
}

// Run serves until ctx ends, then lets everybody finish.
func (c *serveCommand) Run(ctx context.Context) error { return both.run(ctx, c.Config) }

// run reads the configuration, opens what the role needs, and serves until ctx ends.
func (r role) run(ctx context.Context, file string) (err error) {
	cfg := config.Default()
	if file != "" {
		if cfg, err = config.Load(file); err != nil {
			return err
		}
	}
	if cfg, err = r.narrow(cfg); err != nil {
		return err
	}
	log := newLog(cfg.Log.Level, cfg.Log.Format)
	if len(cfg.Edge.Upstream) > 0 {
		return runRelay(ctx, cfg, log)
	}
	ports, err := listen(cfg)
	if err != nil {
		return err
	}
	defer ports.close()
	log.Info("starting", "version", version, "role", r.String(), "data", cfg.Data, "channels", len(cfg.Channels))

	begin := &beginning{outside: cfg.Bus.URL != "", log: log.With("area", "bus")}
	admin := control.Starting(begin, log.With("area", "admin"))
	ended := make(chan error, 1)
	go func() { ended <- admin.Serve(ports.admin) }()
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		err = errors.Join(err, inTime(admin.Shutdown(stop), log))
		<-ended
	}()
	b, err := begin.open(ctx, func() (*bus.Bus, error) { return connectBus(ctx, r, cfg, log) })
	if err != nil {
		return err
	}
	defer func() {
		if err := b.Close(); err != nil {
			log.Error("the bus did not close well", "err", err)
		}
	}()
	var channels *catalog.Catalog
	err = begin.until(ctx, "the catalog of channels", func() error {
		kv, err := b.KV(ctx, "weir-catalog")
		if err != nil {
			return err
		}
		channels, err = catalog.Open(ctx, kv, cfg.Channels, log.With("area", "catalog"))
		return err
	})
	if err != nil {
		return err
	}
	defer channels.Close()
	if r.takesIn() {
		err := begin.until(ctx, "the channels' streams", func() error { return prepareStreams(ctx, b, channels, log) })
		if err != nil {
			return err
		}
	}
	p := &parts{cfg: cfg, ports: ports, bus: b, channels: channels, admin: admin, log: log}
	err = begin.until(ctx, "what is kept of assets and edges", func() error {
		err := p.open(ctx, r)
		if err != nil {
			p.close()
			p.vod, p.peers = nil, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	defer p.close()
	return p.serve(ctx, ended)
}

// inTime is err, but that a client did not finish in time is no failure of ours.
func inTime(err error, log *slog.Logger) error {
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("clients that did not finish in time were cut off", "after", stopTimeout)
		return nil
	}
	return err
}
