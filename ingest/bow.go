package ingest

import (
	"context"
	"errors"
	"time"

	"weir/internal/bus"
)

// bowWait is how long one that stood by and has lost its feeds looks whether the writer has left it something to finish.
const bowWait = 3 * time.Second

// bow is the end of the watch. One that stood by tells the writer; a writer whose feed has ended at the same time has left its last row, which is
// finished then. An encoder that goes ends all its feeds.
func (s *session) bow() {
	s.work.Lock()
	w, d := s.writer, &s.duty
	s.work.Unlock()
	if w != nil { // closed by finish
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), bowWait)
	defer cancel()
	tick := time.NewTicker(askSoon)
	defer tick.Stop()
	for deaf := (time.Time{}); ctx.Err() == nil; {
		if a, err := d.bus.Ask(ctx, s.channel.ID, bus.Rest, false); err == nil && !a.Leaves {
			return
		}
		hold, err := d.bus.Holder(ctx, s.channel.ID)
		if errors.Is(err, bus.ErrNotFound) {
			s.finishLeft(ctx, nil)
			return
		}
		if deaf.IsZero() {
			deaf = time.Now()
		}
		if err == nil && time.Since(deaf) >= bus.Deaf+bus.Deaf/2 { // it has died with its encoder
			s.finishLeft(ctx, &hold)
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// finishLeft ends the row that the writer has left: with what is held, where that is the same feed.
func (s *session) finishLeft(ctx context.Context, dead *bus.Hold) {
	w, err := s.duty.bus.Continue(ctx, s.channel.ID, dead)
	if err != nil {
		if !errors.Is(err, bus.ErrTaken) { // it goes on elsewhere
			s.log.Warn("what the writer has left was not finished", "err", err)
		}
		return
	}
	s.work.Lock()
	defer s.work.Unlock()
	s.writer = w
	defer s.closeWriter()
	defer s.rescue("the end of a feed")
	s.try(w)
	if t, ok := s.packager.(*trial); ok && t.failed == nil {
		if err := t.packager.Flush(s.server.cfg.Now()); err == nil && t.met() {
			s.log.Info("has finished what the writer had left")
			return
		}
	}
	if err := w.Break(ctx); err != nil {
		s.log.Warn("the run of the server before was not closed", "err", err)
	}
}
