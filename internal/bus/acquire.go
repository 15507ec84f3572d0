package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"weir/internal/media"
)

// Resume is what a writer goes on from: what its predecessors left on the bus.
type Resume struct {
	Segment uint64                // number of the next segment
	Run     uint64                // ID of the next run
	End     time.Time             // end of the last run on the channel timeline; zero: there was none
	Shift   time.Duration         // media.Anchor.Shift there, 0 where the stream does not tell
	Target  time.Duration         // target duration of the channel; 0: not yet fixed
	Inits   map[string]media.Init // newest init segment of each track
	Rates   map[string]media.Rate // of each track, as far as the stream still tells
}

// Acquire makes this process the channel's writer: it takes the lease, closes the segments that a predecessor left open,
// and reads what to go on from. The errors are ErrTaken and ErrNoChannel, with what is to be told to the publisher.
func (b *Bus) Acquire(ctx context.Context, channel string) (*Writer, error) {
	return b.hold(ctx, channel, func(ctx context.Context) (*Writer, error) { return b.acquire(ctx, channel, nil, false) })
}

// Continue is Acquire for one that has stood by, and may go on with the run that its predecessor has left: then the writer has a Continuation,
// and nothing is closed. dead is the holder whose lease is to be taken though it has not ended, nil for a lease that is free. The error is
// ErrTaken too where that holder has moved.
func (b *Bus) Continue(ctx context.Context, channel string, dead *Hold) (*Writer, error) {
	return b.hold(ctx, channel, func(ctx context.Context) (*Writer, error) { return b.acquire(ctx, channel, dead, true) })
}

// hold keeps account of the writers of this process.
func (b *Bus) hold(ctx context.Context, channel string, acquire func(context.Context) (*Writer, error)) (*Writer, error) {
	if err := errors.Join(checkChannel(channel), b.mayWrite(channel)); err != nil {
		return nil, err
	}
	if err := b.reserve(channel); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.ctx, func() { cancel(ErrClosed) })()
	w, err := acquire(ctx)
	if err != nil {
		b.forget(channel)
		return nil, err
	}
	b.mu.Lock()
	b.held[channel] = w
	closed := b.closed
	b.mu.Unlock()
	if closed { // it may have missed this one
		return nil, errors.Join(fmt.Errorf("channel %s: %w", channel, ErrClosed), w.Close(ctx))
	}
	return w, nil
}

// reserve keeps two writers of this process apart: the lease tells instances apart only.
func (b *Bus) reserve(channel string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return fmt.Errorf("channel %s: %w", channel, ErrClosed)
	}
	if _, taken := b.held[channel]; taken {
		return fmt.Errorf("channel %s: %w: instance %q, this process", channel, ErrTaken, b.cfg.Instance)
	}
	b.held[channel] = nil
	b.wg.Add(1)
	return nil
}

// forget is called when a writer is closed, or has not come about.
func (b *Bus) forget(channel string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.held, channel)
	b.wg.Done()
}

func (b *Bus) acquire(ctx context.Context, channel string, dead *Hold, goOn bool) (*Writer, error) {
	_, err := again(ctx, b, func(ctx context.Context) (jetstream.Stream, error) { return b.js.Stream(ctx, streamName(channel)) })
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("channel %s: %w", channel, ErrNoChannel)
	} else if err != nil {
		return nil, fmt.Errorf("channel %s: find its stream: %w", channel, err)
	}
	l, err := b.takeLease(ctx, channel, dead)
	if err != nil {
		return nil, err
	}
	t := &takeover{bus: b, channel: channel, log: b.log(channel)}
	var left *Continuation
	if goOn {
		left, err = t.leave(ctx, l.epoch)
	} else {
		err = t.run(ctx, l.epoch)
	}
	b.tap.pass(channel) // it may have closed segments
	if err != nil {
		rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("channel %s: take over: %w", channel, err), l.release(rctx))
	}
	return newWriter(b, channel, l, t, left)
}
