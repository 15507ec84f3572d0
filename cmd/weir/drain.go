package main

import (
	"context"
	"log/slog"
	"time"

	"weir/internal/control"
)

// drain waits until the process is told to stop, and then lets it go on for a while with a /readyz that fails, so that load balancers send nobody new. It
// returns at once when running ends.
func drain(running, told context.Context, after time.Duration, admin *control.Server, log *slog.Logger) {
	select {
	case <-told.Done():
	case <-running.Done():
		return
	}
	admin.Drain()
	if after <= 0 {
		return
	}
	log.Info("draining", "for", after)
	select {
	case <-time.After(after):
	case <-running.Done():
	}
}
