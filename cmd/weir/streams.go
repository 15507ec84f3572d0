package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
)

const (
	streamSlack = time.Minute            // that media stays on the bus beyond the channel's DVR and two segments
	streamRetry = 250 * time.Millisecond // between attempts
	// leaveWithin is how long the feed of a channel that was deleted and made again has to end: after that, what is on the bus
	// may be of a new feed.
	leaveWithin = 10 * time.Second
)

// streamBus is what streams needs of the bus.
type streamBus interface {
	SetChannel(ctx context.Context, channel string, maxAge time.Duration) error
	DeleteChannel(ctx context.Context, channel string) error
}

// streams gives every channel of the catalog its stream on the bus, kept as long as its DVR says, and takes that of a deleted
// channel away, once its feed has ended.
type streams struct {
	bus    streamBus
	log    *slog.Logger
	now    func() time.Time
	undone map[string]*undone // by channel
}

// undone is what is to be done for a channel.
type undone struct {
	remove bool             // the stream that is there
	until  time.Time        // when to leave it there, because the channel has been made again
	set    *catalog.Channel // then the stream is made or changed
	told   bool             // an error was logged
}

func newStreams(b streamBus, log *slog.Logger, now func() time.Time) *streams {
	return &streams{bus: b, log: log, now: now, undone: make(map[string]*undone)}
}

// keep returns when changes is closed.
func (s *streams) keep(ctx context.Context, changes <-chan catalog.Change) {
	retry := time.NewTicker(streamRetry)
	defer retry.Stop()
	for {
		select {
		case change, ok := <-changes:
			if !ok {
				return
			}
			s.change(change)
			s.do(ctx, change.ID)
		case <-retry.C:
			for id := range s.undone {
				s.do(ctx, id)
			}
		}
	}
}

// change notes what is to be done.
func (s *streams) change(c catalog.Change) {
	u := s.undone[c.ID]
	if u == nil {
		u = &undone{}
		s.undone[c.ID] = u
	}
	if c.Deleted {
		u.remove, u.set = true, nil
		return
	}
	if u.set == nil {
		u.until = s.now().Add(leaveWithin)
	}
	u.set = &c.Channel
}

// do does what can be done now.
func (s *streams) do(ctx context.Context, id string) {
	u := s.undone[id]
	if u.remove {
		err := s.bus.DeleteChannel(ctx, id)
		taken := errors.Is(err, bus.ErrTaken)
		if taken && u.set != nil && s.now().After(u.until) {
			s.log.Warn("the channel was deleted and made again while a feed was on air: it keeps its media", "channel", id)
		} else if err != nil {
			if !taken { // its feed is told to go, and needs a moment
				s.failed(u, "the stream of a deleted channel could not be removed, it will be tried again", id, err)
			}
			return
		}
		u.remove = false
	}
	if u.set != nil {
		if err := setStream(ctx, s.bus, *u.set); err != nil {
			s.failed(u, "the channel's stream could not be kept, it will be tried again", id, err)
			return
		}
	}
	delete(s.undone, id)
}

// failed logs the first of several errors.
func (s *streams) failed(u *undone, what, id string, err error) {
	if !u.told {
		u.told = true
		s.log.Error(what, "channel", id, "err", err)
	}
}

func setStream(ctx context.Context, b streamBus, ch catalog.Channel) error {
	return b.SetChannel(ctx, ch.ID, ch.DVR+streamSlack+2*ch.Segment)
}

// prepareStreams makes the streams of all channels, before any feed or player asks for them, and removes those of channels that were
// deleted when the program could not do it any more.
func prepareStreams(ctx context.Context, b *bus.Bus, channels *catalog.Catalog, log *slog.Logger) error {
	there, err := b.Channels(ctx)
	if err != nil {
		return err
	}
	for _, id := range there {
		if !channels.Deleted(id) {
			continue
		}
		if err := b.DeleteChannel(ctx, id); err != nil {
			log.Warn("the stream of a deleted channel is left", "channel", id, "err", err)
		}
	}
	for _, ch := range channels.Channels() {
		if err := setStream(ctx, b, ch); err != nil {
			return err
		}
	}
	return nil
}
