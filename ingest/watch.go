package ingest

import (
	"context"
	"errors"
	"time"

	"weir/internal/bus"
)

// watch looks after a redundant channel until the session ends: as its writer it lets go of it when another wants it; standing by it takes the
// place of a writer that is gone, is silent, or is told to go.
func (s *session) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.server.wg.Go(func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	})
	s.vigil.disturbed = s.duty.bus.Disturbed()
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		w := s.writes()
		var yield, lost <-chan struct{}
		if w != nil {
			yield, lost = w.Yield(), w.Lost()
		}
		select {
		case <-s.done:
			s.bow()
			return
		case <-yield:
			s.stepBack(w, "another server wants it")
		case <-lost:
			s.stepBack(w, "another server has taken it")
		case from := <-s.duty.order:
			switch {
			case w != nil && from == Writing:
				s.stepBack(w, "it was told to")
			case w == nil && from == Standby:
				s.vigil.ordered = time.Now()
			} // otherwise it has come about meanwhile
		case <-s.vigil.disturbed: // what could not be done may be possible now
		case <-tick.C:
		}
		next := askEvery
		if w = s.writes(); w != nil {
			next = s.settle(ctx, w)
		} else if next = askEvery; s.ask(ctx) {
			next = askSoon
		}
		tick.Reset(next)
	}
}

// writes is the session's writer, nil while it stands by.
func (s *session) writes() SharedWriter {
	s.work.Lock()
	defer s.work.Unlock()
	w, _ := s.writer.(SharedWriter)
	return w
}

// stepBack lets go of the channel, and stands by.
func (s *session) stepBack(w SharedWriter, why string) {
	s.work.Lock()
	if s.finished {
		s.work.Unlock()
		return
	}
	s.writer, s.duty.role = nil, Standby
	s.duty.holder = w.Follower()
	s.vigil.notBefore, s.vigil.deaf, s.vigil.urged, s.vigil.ordered = time.Now().Add(forOthers), time.Time{}, time.Time{}, time.Time{}
	if held := s.held(); held != nil {
		s.packager = held
	}
	s.log.Warn("lets go of the channel and stands by", "reason", why, "instance", s.duty.holder)
	s.show()
	s.work.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), s.server.cfg.CloseTimeout)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		s.log.Warn("not all is stored that was written before", "err", err)
	}
}

// ask asks the writer how it does, and takes its place where that is to be done. It is true where it is to be asked again soon.
func (s *session) ask(ctx context.Context) (soon bool) {
	d, v := &s.duty, &s.vigil
	v.settled(d.bus)
	s.work.Lock()
	ready := s.warm()
	s.work.Unlock()
	asked := time.Now()
	a, err := d.bus.Ask(ctx, s.channel.ID, bus.News, ready)
	now := time.Now()
	if err == nil {
		v.deaf, v.mute, v.fed = time.Time{}, false, s.server.cfg.Now().Add(-a.Quiet)
		s.know(ctx, a)
		s.work.Lock()
		d.holder = a.Instance
		moves, silence := s.movesNow(), s.silence()
		s.work.Unlock()
		ordered := now.Sub(v.ordered) < urgent
		if !moves || !ordered && a.Quiet < silence || now.Sub(v.urged) < urgent {
			return now.Sub(v.urged) < urgent
		}
		s.log.Warn("the channel's writer is asked to let go", "instance", a.Instance, "ordered", ordered, "quiet", a.Quiet)
		v.urged = now
		if _, err := d.bus.Ask(ctx, s.channel.ID, bus.Turn, ready); err != nil && ctx.Err() == nil {
			s.log.Warn("the channel's writer was not asked to let go", "err", err)
		}
		return true
	}
	if !errors.Is(err, bus.ErrNoAnswer) { // it is not the writer that is away
		v.deaf = time.Time{}
		return false
	}
	if v.deaf.IsZero() {
		v.deaf = asked
	}
	hold, err := d.bus.Holder(ctx, s.channel.ID)
	if err == nil && !hold.Same(v.holds) { // another one than that which has not answered has all its time
		v.deaf, v.mute, v.holds = asked, true, hold
	}
	patience := bus.Deaf
	if v.mute {
		patience = takingOver
	}
	// While a leader is elected that has taken long, and the connection may have been another.
	switch settled := v.settled(d.bus); {
	case errors.Is(err, bus.ErrNotFound) && (!now.Before(v.notBefore) || now.Sub(v.urged) < urgent):
		s.takeOver(ctx, nil)
	case err == nil && settled && now.Sub(v.deaf) >= patience:
		s.takeOver(ctx, &hold)
	}
	return now.Sub(v.urged) < urgent
}

// settled is false, and a writer that has not answered has its time anew, where a connection was lost or came back since it was looked last.
func (v *vigil) settled(b SharedBus) bool {
	select {
	case <-v.disturbed:
		v.disturbed, v.deaf = b.Disturbed(), time.Time{}
		return false
	default:
		return true
	}
}

// know keeps in mind by what hold a writer writes that answers: when it does so no longer, the one who knows may have gone with it.
func (s *session) know(ctx context.Context, a bus.Answer) {
	v := &s.vigil
	if v.epoch == a.Epoch {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, knowWait)
	defer cancel()
	if hold, err := s.duty.bus.Holder(ctx, s.channel.ID); err == nil && hold.Instance == a.Instance {
		v.holds, v.epoch = hold, a.Epoch
	}
}

// movesNow tells whether what this session would put on air moves. work is held.
func (s *session) movesNow() bool {
	return s.live && s.broken == nil && s.packager != nil && s.server.cfg.Now().Sub(s.sent) <= s.silence()
}

// takeOver makes this server the channel's writer: dead is one that holds the lease and does not answer, nil where nobody has it.
func (s *session) takeOver(ctx context.Context, dead *bus.Hold) {
	s.work.Lock()
	moves := s.movesNow()
	s.work.Unlock()
	if !moves {
		return
	}
	d, v := &s.duty, &s.vigil
	// Not given up when the feed ends meanwhile: who has taken a channel from its writer has to finish what that one cannot any more.
	tctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), findingOut)
	defer cancel()
	w, err := d.bus.Continue(tctx, s.channel.ID, dead)
	if err == nil {
		if err = w.Share(); err != nil {
			s.letGo(w)
		}
	}
	if err != nil {
		if !errors.Is(err, bus.ErrTaken) {
			s.log.Warn("the channel was not taken over", "err", err)
		}
		return
	}
	s.work.Lock()
	defer s.work.Unlock()
	if s.finished {
		s.finishWith(w)
		return
	}
	from := d.holder
	if dead != nil {
		from = dead.Instance
	}
	s.log.Warn("takes the channel over", "from", from, "dead", dead != nil, "ordered", !v.ordered.IsZero())
	s.writer, d.role, d.holder = w, Writing, ""
	d.takeovers++
	v.deaf, v.urged, v.ordered = time.Time{}, time.Time{}, time.Time{}
	s.try(w)
	s.show()
}

// letGo gives a writer back that nothing was written with.
func (s *session) letGo(w SharedWriter) {
	ctx, cancel := context.WithTimeout(context.Background(), s.server.cfg.CloseTimeout)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		s.log.Warn("the channel was not given back", "err", err)
	}
}
