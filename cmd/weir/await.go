package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"weir/internal/bus"
)

// How long to wait before what did not succeed on the bus is tried again, at first and at most.
const (
	firstAttempt = 250 * time.Millisecond
	lastAttempt  = 2 * time.Second
)

// beginning is what a process needs of the bus before it can work. Where NATS is outside it may not be there yet, or have no leader for a stream just
// now: then the process waits, and /readyz says for what. It is safe for concurrent use.
type beginning struct {
	outside bool
	log     *slog.Logger

	mu  sync.Mutex
	bus *bus.Bus // nil: not open yet
	why error    // what is waited for
}

// Ready implements control.Readiness.
func (b *beginning) Ready() error {
	b.mu.Lock()
	open, why := b.bus, b.why
	b.mu.Unlock()
	if why == nil && open != nil {
		return open.Ready()
	}
	return why
}

// open opens the bus. It waits for servers that do not answer, not for what is wrong here.
func (b *beginning) open(ctx context.Context, connect func() (*bus.Bus, error)) (opened *bus.Bus, err error) {
	var wrong error
	err = b.until(ctx, "NATS", func() (err error) {
		opened, err = connect()
		if err != nil && !errors.Is(err, bus.ErrAway) {
			wrong = err
			return nil
		}
		return err
	})
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bus = opened
	return opened, nil
}

// until tries something until it succeeds, where NATS is outside, or ctx ends.
func (b *beginning) until(ctx context.Context, what string, try func() error) error {
	told := ""
	for wait := firstAttempt; ; wait = min(2*wait, lastAttempt) {
		err := try()
		if err == nil || !b.outside || ctx.Err() != nil {
			b.waits(nil)
			return err
		}
		b.waits(fmt.Errorf("waiting for %s: %w", what, err))
		if err.Error() != told {
			told = err.Error()
			b.log.Warn("waiting for the bus", "what", what, "error", err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *beginning) waits(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.why = why
}
