package ingest

import (
	"context"
	"errors"
	"time"

	"weir/internal/bus"
)

const (
	// bowWait is how long one that stood by and has lost its feeds looks whether the writer has left it something to finish: longer than that one may need
	// to store what it has and to give the channel back.
	bowWait = 15 * time.Second
	// hurriedBow is that for a server that is shut down.
	hurriedBow = 3 * time.Second
)

// bow is the end of the watch. One that stood by tells the writer; a writer whose feed has ended at the same time has left its last row, which is
// finished then. An encoder that goes ends all its feeds.
func (s *session) bow() {
	s.work.Lock()
	w, d := s.writer, &s.duty
	s.work.Unlock()
	if w != nil { // closed by finish
		return
	}
	wait := bowWait
	if s.server.isClosing() {
		wait = hurriedBow
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	tick := time.NewTicker(askSoon)
	defer tick.Stop()
	for deaf := (time.Time{}); ; {
		a, err := d.bus.Ask(ctx, s.channel.ID, bus.Rest, false)
		if err == nil && !a.Leaves {
			return
		}
		if !errors.Is(err, bus.ErrNoAnswer) { // it is there, or it is not the writer that is away
			deaf = time.Time{}
		} else if deaf.IsZero() {
			deaf = time.Now()
		}
		hold, err := d.bus.Holder(ctx, s.channel.ID)
		var dead *bus.Hold
		if err == nil && !deaf.IsZero() && time.Since(deaf) >= bus.Deaf+bus.Deaf/2 { // it has died with its encoder
			dead = &hold
		}
		if dead != nil || errors.Is(err, bus.ErrNotFound) {
			if err = s.finishLeft(dead, wait); err == nil || errors.Is(err, bus.ErrTaken) { // that is where it goes on
				return
			}
		}
		select {
		case <-ctx.Done():
			s.log.Warn("what the writer may have left was not finished", "err", errors.Join(err, ctx.Err()))
			return
		case <-tick.C:
		}
	}
}

// finishLeft takes a channel that its writer has left, and ends its last row.
func (s *session) finishLeft(dead *bus.Hold, atMost time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	defer cancel()
	w, err := s.duty.bus.Continue(ctx, s.channel.ID, dead)
	if err != nil {
		return err
	}
	s.work.Lock()
	defer s.work.Unlock()
	s.finishWith(w)
	return nil
}

// finishWith ends the row that the writer before has left: with what is held, where that is the same feed. work is held.
func (s *session) finishWith(w SharedWriter) {
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
	ctx, cancel := context.WithTimeout(context.Background(), s.server.cfg.CloseTimeout)
	defer cancel()
	if err := w.Break(ctx); err != nil {
		s.log.Warn("the run of the server before was not closed", "err", err)
	}
}
