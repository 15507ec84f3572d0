package ingest

import (
	"time"

	"weir/internal/media"
	"weir/packager"
)

// kept is the packager of a redundant channel that this server writes, with what it gets lately: a server that lets go of the channel stands by at once with
// all that it takes to go on again.
type kept struct {
	*ring
	packager *packager.Packager
}

// Start announces tracks.
func (k *kept) Start(formats []media.Format, now time.Time) error {
	_ = k.ring.Start(formats, now) // it has no errors
	return k.packager.Start(formats, now)
}

// Leave says that nobody brings a track any more.
func (k *kept) Leave(track int, now time.Time) error {
	_ = k.ring.Leave(track, now)
	return k.packager.Leave(track, now)
}

// Write takes a sample.
func (k *kept) Write(s media.Sample, now time.Time) error {
	_ = k.ring.Write(s, now)
	return k.packager.Write(s, now)
}

// Event takes an event.
func (k *kept) Event(e media.Event, now time.Time) error {
	_ = k.ring.Event(e, now)
	return k.packager.Event(e, now)
}

// Flush ends the feed.
func (k *kept) Flush(now time.Time) error {
	_ = k.ring.Flush(now)
	return k.packager.Flush(now)
}

// Stats are those of the packager.
func (k *kept) Stats() packager.Stats { return k.packager.Stats() }

// packages puts a packager in the place of what the session had: beside what is held, where others may take the channel. work is held.
func (s *session) packages(p *packager.Packager) {
	if s.duty.bus == nil {
		s.packager = p
		return
	}
	held := s.held()
	if held == nil {
		held = newRing(s.channel.Segment)
	}
	s.packager = &kept{held, p}
}

// packaging is the session's packager, nil while there is none, or nobody knows whether its feed is the right one. work is held.
func (s *session) packaging() *packager.Packager {
	switch p := s.packager.(type) {
	case *packager.Packager:
		return p
	case *kept:
		return p.packager
	}
	return nil
}

// held is what is held of the feeds, nil where nothing is. work is held.
func (s *session) held() *ring {
	switch p := s.packager.(type) {
	case *ring:
		return p
	case *kept:
		return p.ring
	case *trial:
		return p.ring
	}
	return nil
}
