package ingest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"weir/internal/catalog"
	"weir/packager"
)

// maxRenditions is how many renditions a channel may have where its settings do not name them.
const maxRenditions = catalog.MaxRenditions

// enter lets a feed into its channel's session; first: there was none, and the session is without a writer.
func (s *Server) enter(ch catalog.Channel, p Publish) (f *feed, first bool, err error) {
	f = newFeed(s, ch, p)
	if names := ch.Inputs.Names(); p.Input == "" && len(names) > 0 {
		f.input = names[0]
	} else if f.input = p.Input; p.Input != "" && !ch.Inputs.Has(p.Input) {
		return nil, false, fmt.Errorf("%w: %.40q is none of the channel's", ErrInput, p.Input)
	}
	if p.Rendition != "" && ch.Ladder != "" && !p.Ladder {
		return nil, false, fmt.Errorf("%w: the channel makes its renditions itself, by its ladder", ErrRendition)
	}
	if wanted := ch.Renditions.List(); p.Rendition != "" && len(wanted) > 0 && !slices.Contains(wanted, p.Rendition) {
		return nil, false, fmt.Errorf("%w: %.40q is none of the channel's", ErrRendition, p.Rendition)
	}
	if err := catalog.ValidateName("rendition", p.Rendition); p.Rendition != "" && err != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrRendition, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ss := s.sessions[ch.ID]
	switch {
	case s.closing:
		return nil, false, ErrClosing
	case ss != nil && !ss.free(f):
		return nil, false, ErrTaken
	case ss != nil && ss.crowded(f):
		return nil, false, fmt.Errorf("%w: %d renditions", ErrLimit, maxRenditions)
	case s.feeds >= s.cfg.Feeds:
		return nil, false, fmt.Errorf("%w: %d", ErrFull, s.cfg.Feeds)
	}
	if first = ss == nil; first {
		ss = newSession(s, ch)
		if s.begun[ch.ID] == nil {
			s.begun[ch.ID] = &runTimes{}
		}
		ss.begun = s.begun[ch.ID]
		ss.rungs, ss.remembered = make(map[string]int), s.rungs[ch.ID]
		s.sessions[ch.ID] = ss
	}
	f.session = ss
	ss.joined = append(ss.joined, f)
	s.feeds++
	return f, first, nil
}

// free tells whether nobody has the feed's place in the session. A feed without a rendition is alone in its input, but for what is made of
// it. Server.mu is held.
func (s *session) free(f *feed) bool {
	if s.closing {
		return false
	}
	for _, other := range s.joined {
		if other.input != f.input {
			continue
		}
		if a, b := other.publish.Rendition, f.publish.Rendition; a == b || (a == "" || b == "") && !other.publish.Ladder && !f.publish.Ladder {
			return false
		}
	}
	return true
}

// crowded tells whether there are as many renditions in the feed's input as there may be. Server.mu is held.
func (s *session) crowded(f *feed) bool {
	n := 0
	for _, other := range s.joined {
		if other.input == f.input {
			n++
		}
	}
	return n >= maxRenditions
}

// departs tells whether the feed is the last one of its session, into which nobody is let then any more.
func (s *Server) departs(f *feed) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ss := f.session
	if last = len(ss.joined) == 1 && ss.joined[0] == f; last {
		ss.closing = true
		return true
	}
	ss.joined = slices.DeleteFunc(ss.joined, func(other *feed) bool { return other == f })
	return false
}

// leave gives the feed's place back, and the channel after the last one. A feed that was closed while it waited for its writer does so twice.
func (s *Server) leave(f *feed) {
	ss := f.session
	st, seen := ss.status()
	_, exists := s.cfg.Catalog.Channel(ss.channel.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.left {
		return
	}
	f.left = true
	s.feeds--
	ss.joined = slices.DeleteFunc(ss.joined, func(other *feed) bool { return other == f })
	if len(ss.joined) > 0 {
		return
	}
	delete(s.sessions, ss.channel.ID)
	if exists {
		if len(ss.rungs) > 0 {
			s.rungs[ss.channel.ID] = maps.Clone(ss.rungs)
		}
		if seen {
			st.State = OffAir
			s.last[ss.channel.ID] = st
		}
	} else {
		delete(s.begun, ss.channel.ID)
	}
	if s.closing && len(s.sessions) == 0 {
		close(s.idle)
	}
}

// deleted ends the feeds of a channel that is no more.
func (s *Server) deleted(channel string) {
	s.mu.Lock()
	delete(s.last, channel)
	delete(s.rungs, channel)
	delete(s.begun, channel)
	delete(s.released, channel)
	ss := s.sessions[channel]
	s.mu.Unlock()
	if ss != nil {
		s.endAll(ss, ErrDeleted)
	}
}

// endAll ends all feeds of a session.
func (s *Server) endAll(ss *session, err error) {
	s.mu.Lock()
	all := slices.Clone(ss.joined)
	s.mu.Unlock()
	for _, f := range all {
		f.end(err)
	}
}

// joined are the feeds of all sessions. mu is held.
func (s *Server) joined() []*feed {
	var all []*feed
	for _, ss := range s.sessions {
		all = append(all, ss.joined...)
	}
	return all
}

// session is the one of the channel that is on air, or nil.
func (s *Server) session(channel string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[channel]
}

// beside does something with the packager of a channel, between the samples of its feeds. The error is ErrOffAir where there is nothing on air,
// ErrStandsBy where another server writes the channel, ErrChanging while this one begins to, else that of work.
func (s *Server) beside(channel string, work func(p *packager.Packager, now time.Time) error) error {
	ss := s.session(channel)
	if ss == nil {
		return ErrOffAir
	}
	ss.work.Lock()
	defer ss.work.Unlock()
	if !ss.live || ss.finished || ss.broken != nil {
		return ErrOffAir
	}
	p := ss.packaging()
	if p == nil {
		return ss.standsBy()
	}
	return work(p, s.cfg.Now())
}

// SwitchInput makes an input of a channel the one on air, until it fails; "" leaves the choice to the channel's settings again. It happens at
// the input's next key frame. Errors: ErrOffAir, ErrNoInput, ErrNotWell.
func (s *Server) SwitchInput(channel, input string) error {
	ss := s.session(channel)
	if ss == nil {
		return ErrOffAir
	}
	return ss.pin(input, s.cfg.Now())
}
