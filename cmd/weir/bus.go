package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"

	"weir/internal/bus"
	"weir/internal/config"
	"weir/internal/control"
)

// nodeGC is the garbage collector's percentage of a node. What it holds is blocks of 4 MiB, one a channel that is being filled, and those that were filled
// or read lately, which the collector may take: without pointers in them, collections cost little.
const nodeGC = 25

// busCommand is `weir bus`.
type busCommand struct {
	Config string `short:"c" type:"path" required:"" help:"The YAML file, of which data, node, admin and log are used."`
}

// Run runs a NATS server until ctx ends, then hands its work over to the others.
func (c *busCommand) Run(ctx context.Context) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	if err := cfg.Node.Check(cfg.Admin.Listen); err != nil {
		return err
	}
	log := newLog(cfg.Log.Level, cfg.Log.Format)
	probes, err := net.Listen("tcp", cfg.Admin.Listen)
	if err != nil {
		return fmt.Errorf("admin.listen: %w", err)
	}
	defer probes.Close()
	debug.SetGCPercent(nodeGC)
	if cfg.Node.Memory > 0 {
		debug.SetMemoryLimit(cfg.Node.Memory)
	}
	log.Info("starting", "version", version, "role", "bus", "data", cfg.Data, "node", cfg.Node.Name, "cluster", cfg.Node.Cluster)
	if cfg.Node.Accounts == "" {
		log.Warn("node.accounts is not set: whoever reaches the port may do everything", "address", cfg.Node.Listen)
	}
	node, err := bus.StartNode(ctx, bus.NodeConfig{
		Dir: cfg.Data, Name: cfg.Node.Name, Listen: cfg.Node.Listen, Accounts: cfg.Node.Accounts, MaxStore: cfg.Node.Store,
		Cluster: bus.NodeCluster(cfg.Node.Cluster), Log: log.With("area", "bus"),
	})
	if err != nil {
		return err
	}
	admin := control.Probes(node, log.With("area", "admin"))
	ended := make(chan error, 1)
	go func() { ended <- admin.Serve(probes) }()
	log.Info("listening", "for", "nats", "address", node.Addr().String())
	log.Info("listening", "for", "admin", "address", probes.Addr().String())
	select {
	case err = <-ended:
		ended <- nil
	case <-ctx.Done():
	}
	log.Info("stopping")
	err = errors.Join(err, node.Close())
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err = errors.Join(err, inTime(admin.Shutdown(stop), log))
	<-ended
	return err
}
