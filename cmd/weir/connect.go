package main

import (
	"context"
	"log/slog"
	"time"

	"weir/internal/bus"
	"weir/internal/config"
)

// connectBus opens the bus as it is configured.
func connectBus(ctx context.Context, r role, cfg config.Config, log *slog.Logger) (*bus.Bus, error) {
	return bus.Open(ctx, bus.Config{
		Role: r.onBus(), Dir: cfg.Data, URL: cfg.Bus.URL, Credentials: cfg.Bus.Credentials, NKey: cfg.Bus.NKey, TLS: bus.TLS(cfg.Bus.TLS),
		Replicas: cfg.Bus.Replicas, NoFastPath: !cfg.Bus.Fast, Log: log.With("area", "bus"), Now: time.Now,
	})
}
