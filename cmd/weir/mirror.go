package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"weir/internal/bus"
	"weir/internal/config"
	"weir/internal/control"
)

// mirrorCommand is `weir mirror`.
type mirrorCommand struct {
	Config string        `short:"c" type:"path" required:"" help:"The YAML file, of which data, bus, admin and log are used. bus.url names the servers of the point of presence, with a user like operator."`
	Domain string        `default:"weir" help:"JetStream domain of the servers that have the channels."`
	Keep   time.Duration `help:"How long media is kept here at most. Default: as long as there."`
}

// Run keeps mirrors until ctx ends. They stay, and go on without it: it is only needed for channels to come and go.
func (c *mirrorCommand) Run(ctx context.Context) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	if cfg.Bus.URL == "" {
		return errors.New("bus.url is not set: it names the NATS servers of the point of presence")
	}
	if c.Keep != 0 && c.Keep < 10*time.Second {
		return fmt.Errorf("--keep %s is too short: at least 10s", c.Keep)
	}
	log := newLog(cfg.Log.Level, cfg.Log.Format)
	probes, err := net.Listen("tcp", cfg.Admin.Listen)
	if err != nil {
		return fmt.Errorf("admin.listen: %w", err)
	}
	defer probes.Close()
	log.Info("starting", "version", version, "role", "mirror", "data", cfg.Data, "domain", c.Domain, "keep", c.Keep)
	b, err := bus.Open(ctx, bus.Config{
		Role: bus.Mirror, Dir: cfg.Data, URL: cfg.Bus.URL, Credentials: cfg.Bus.Credentials, NKey: cfg.Bus.NKey, TLS: bus.TLS(cfg.Bus.TLS),
		Replicas: cfg.Bus.Replicas, Log: log.With("area", "bus"), Now: time.Now,
	})
	if err != nil {
		return err
	}
	admin := control.Probes(b, log.With("area", "admin"))
	ended := make(chan error, 1)
	go func() { ended <- admin.Serve(probes) }()
	log.Info("listening", "for", "admin", "address", probes.Addr().String())
	err = errors.Join(b.KeepMirrors(ctx, c.Domain, c.Keep), b.Close())
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err = errors.Join(err, inTime(admin.Shutdown(stop), log))
	return errors.Join(err, <-ended)
}
