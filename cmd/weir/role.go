package main

import (
	"context"
	"fmt"

	"weir/internal/bus"
	"weir/internal/config"
)

// role is which parts of the program a process runs.
type role int

const (
	both role = iota
	onlyIngest
	onlyEdge
)

// ingestCommand is `weir ingest`.
type ingestCommand struct {
	Config string `short:"c" type:"path" required:"" help:"The YAML file, with bus.url. Its edge listens nowhere."`
}

// Run takes feeds in until ctx ends, then lets everybody finish.
func (c *ingestCommand) Run(ctx context.Context) error { return onlyIngest.run(ctx, c.Config) }

// edgeCommand is `weir edge`.
type edgeCommand struct {
	Config string `short:"c" type:"path" required:"" help:"The YAML file, with bus.url, or with edge.upstream: then the edges of another cluster are its source. Its ingest listens nowhere."`
}

// Run serves players until ctx ends, then lets everybody finish.
func (c *edgeCommand) Run(ctx context.Context) error { return onlyEdge.run(ctx, c.Config) }

// String is the name of the role's command.
func (r role) String() string { return [...]string{"serve", "ingest", "edge"}[r] }

func (r role) takesIn() bool  { return r != onlyEdge }
func (r role) handsOut() bool { return r != onlyIngest }

// onBus is the role as the bus knows it.
func (r role) onBus() bus.Role { return [...]bus.Role{bus.All, bus.Ingest, bus.Edge}[r] }

// narrow is the configuration without the listeners of other roles. One file may be that of a whole cluster.
func (r role) narrow(cfg config.Config) (config.Config, error) {
	relays := r == onlyEdge && len(cfg.Edge.Upstream) > 0
	if len(cfg.Edge.Upstream) > 0 && !relays {
		return cfg, fmt.Errorf("edge.upstream is set: it is the source of a weir edge, and weir %s has its own", r)
	}
	if r != both && cfg.Bus.URL == "" && !relays {
		return cfg, fmt.Errorf("bus.url is not set: weir %s needs the NATS servers on which it meets the others; weir serve has its own", r)
	}
	if !r.takesIn() {
		cfg.Ingest.RTMP, cfg.Ingest.RTMPS, cfg.Ingest.SRT.Listen, cfg.Ingest.HTTP = "", config.RTMPS{}, "", ""
	}
	if !r.handsOut() {
		cfg.Edge.Listen = ""
	}
	return cfg, nil
}
