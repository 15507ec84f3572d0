package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"weir/internal/bus"
	"weir/packager"
)

// resume is what a packager of the session goes on from.
func (s *session) resume() packager.Resume {
	r := s.writer.Resume()
	return packager.Resume{Segment: r.Segment, Run: r.Run, End: r.End, Shift: r.Shift, Target: r.Target, Init: r.Inits, Rates: r.Rates}
}

// newPackager is a packager that writes there.
func (s *session) newPackager(resume packager.Resume, out packager.Output) (*packager.Packager, error) {
	if s.duty.bus != nil {
		out = untilLost{out}
	}
	p, err := packager.New(packager.Config{Segment: s.channel.Segment, Chunk: s.channel.Chunk}, resume,
		&runLimit{Output: out, most: s.server.cfg.Runs, now: s.server.cfg.Now, begun: s.begun})
	if err == nil {
		err = p.Languages(s.channel.Subtitles.List())
	}
	if err != nil {
		return nil, fmt.Errorf("channel %s: set up the packager: %w", s.channel.ID, err)
	}
	return p, nil
}

// try has a packager go on with what the server before has left, where that is possible. work is held.
func (s *session) try(w SharedWriter) {
	held, _ := s.packager.(*ring)
	c := w.Continuation()
	if c == nil || held == nil {
		return
	}
	resume := s.resume()
	resume.Join = &packager.Join{Run: c.Run, Ends: c.Ends, Decoded: c.Decoded, Wall: c.Wall, Anchor: c.Anchor}
	p, err := s.newPackager(resume, goingOn{c})
	if err != nil {
		s.log.Info("the run of the server before is not gone on with", "reason", err)
		return
	}
	s.packager = &trial{kept: &kept{held, p}, met: c.Met, since: time.Now(), failed: held.replay(p, time.Time{})}
}

// settle brings a takeover to its end: the run goes on, or it is closed and another begins. It gives the time until it is to be called again.
func (s *session) settle(ctx context.Context, w SharedWriter) time.Duration {
	s.work.Lock()
	if s.finished || s.broken != nil {
		s.work.Unlock()
		return askEvery
	}
	switch p := s.packager.(type) {
	case *trial:
		if !p.over(time.Now()) {
			s.work.Unlock()
			return askSoon
		}
		if err := p.outcome(); err == nil || p.met() {
			s.goesOn(p)
			if err != nil { // what came after it
				s.broken = err
				s.failOthers(nil, err)
			}
			s.show()
			s.work.Unlock()
			return askEvery
		} else {
			s.log.Warn("the feed is not the one that the server before had: another run begins, with a discontinuity", "reason", err)
		}
	case *ring:
	default:
		s.work.Unlock()
		return askEvery
	}
	s.work.Unlock()
	if err := w.Break(ctx); err != nil {
		if ctx.Err() == nil && !errors.Is(err, bus.ErrLost) {
			s.log.Warn("the run of the server before was not closed", "err", err)
		}
		return askEvery
	}
	s.work.Lock()
	defer s.work.Unlock()
	if s.finished || s.broken != nil {
		return askEvery
	}
	if err := s.beginAnew(); err != nil {
		s.broken = err
		s.failOthers(nil, err)
	}
	s.show()
	return askEvery
}

// goesOn ends a trial that the feed has stood. work is held.
func (s *session) goesOn(t *trial) {
	s.packager = t.kept
	s.duty.seamless++
	s.log.Info("goes on with the run of the server before")
}

// conclude brings a takeover to its end upon which the end of the feed has come: nothing more comes that could tell whether the feed is the same. work is held.
func (s *session) conclude() {
	switch p := s.packager.(type) {
	case *trial:
		if p.failed == nil {
			p.failed = p.packager.Flush(s.server.cfg.Now())
		}
		if p.met() {
			s.goesOn(p)
			return
		}
	case *ring:
	default:
		return
	}
	w, _ := s.writer.(SharedWriter) // nobody else has these
	ctx, cancel := context.WithTimeout(context.Background(), s.server.cfg.CloseTimeout)
	defer cancel()
	err := w.Break(ctx)
	if err == nil {
		err = s.beginAnew()
	}
	if err != nil {
		s.log.Warn("what the server before has left was not gone on with", "err", err)
	}
}

// beginAnew begins a run of the session's own with what is held that came after what the server before had. work is held.
func (s *session) beginAnew() error {
	p, err := s.newPackager(s.resume(), s.writer)
	if err != nil {
		return err
	}
	held := s.held()
	s.packages(p)
	if held == nil {
		return nil
	}
	if err := held.replay(p, s.vigil.fed); err != nil {
		return fmt.Errorf("channel %s: package: %w", s.channel.ID, err)
	}
	return nil
}
