package ingest

import (
	"fmt"
	"time"

	"weir/internal/media"
)

const (
	// sameClock is how far apart timestamps of two renditions may be, both compared with their arrival, and still be of one clock: an encoder
	// sends its renditions one after the other, and over connections of their own.
	sameClock = 1500 * time.Millisecond
	// jumped is by how much timestamps and arrival must have moved apart for a jump of the clock.
	jumped = 3 * time.Second
	// A decoding time may be so far before the one before it, or behind it, without being a jump.
	maxBack    = 500 * time.Millisecond
	maxForward = 10 * time.Second
)

// memberClock maps a feed's timestamps onto the clock that all feeds share which are on air together: that of the first one. Encoders that send
// several renditions give equal timestamps to equal pictures; these are left as they are. Renditions of encoders that know nothing of each
// other are placed by when they arrive.
type memberClock struct {
	set    bool
	offset time.Duration // to be added to timestamps
	lag    time.Duration // timestamps of the main track less their arrival; lately
	wrap   time.Duration // after which timestamps begin anew; 0: never
	tracks []trackTime
	odd    int // samples in a row that did not fit
}

// trackTime is where a track of a feed is.
type trackTime struct {
	seen bool
	dts  media.Ticks
}

// restart forgets where the tracks are.
func (c *memberClock) restart(tracks int) { *c = memberClock{tracks: make([]trackTime, tracks)} }

// mapped is the item's sample on the session's clock; false: it is dropped.
func (s *session) mapped(f *feed, it item) (media.Sample, bool) {
	c, sample := &f.clock, it.sample
	clock := f.formats[sample.Track].Clock
	lag := media.Ticks(sample.DTS).Duration(clock.Timescale) - time.Duration(it.came.UnixNano())
	c.wrap = clock.Wrap.Duration(clock.Timescale)
	t := &c.tracks[sample.Track]
	alone := !s.hasOthers(f)
	if !c.set {
		s.place(f, lag, it.at)
	} else if t.seen && !alone && steps(t.dts, sample.DTS, clock) && modulo(lag-c.lag, c.wrap).Abs() > jumped {
		if c.odd++; c.odd < 2 {
			f.Dropped("timestamp far from those before it")
			return sample, false
		}
		f.log.Warn("the clock of a rendition jumped")
		s.place(f, lag, it.at)
	}
	if !t.seen || !steps(t.dts, sample.DTS, clock) {
		c.odd = 0
	}
	if sample.Track == f.main || !t.seen {
		c.lag = lag
	}
	t.seen, t.dts = true, sample.DTS
	if c.offset != 0 {
		by := media.FromDuration(c.offset, clock.Timescale)
		sample.DTS += by
		sample.PTS += by
	}
	return sample, true
}

// place decides how the feed's timestamps are mapped from now on.
func (s *session) place(f *feed, lag time.Duration, now time.Time) {
	c := &f.clock
	c.set, c.offset, c.lag, c.odd = true, 0, lag, 0
	clear(c.tracks)
	if s.channel.Ladder != "" { // one feed, and what is made of it
		return
	}
	var other *feed
	for _, m := range s.members {
		if m == f || !m.onAir || !m.clock.set {
			continue
		}
		if modulo(lag-m.clock.lag, c.wrap).Abs() < sameClock {
			c.offset = m.clock.offset
			return
		}
		other = m
	}
	if other != nil {
		c.offset = other.clock.lag + other.clock.offset - lag
		s.tell(now, fmt.Sprintf("rendition %q has another clock than %q: they are put beside each other by when they arrive, and players may see "+
			"a jump when they switch; let one encoder send both", f.publish.Rendition, other.publish.Rendition))
	}
}

// hasOthers tells whether other members are on air too that may have clocks of their own.
func (s *session) hasOthers(f *feed) bool {
	for _, m := range s.members {
		if m != f && m.onAir && m.clock.set && s.channel.Ladder == "" {
			return true
		}
	}
	return false
}

// steps tells whether from one decoding time to another is more than what a feed that goes on does.
func steps(from, to media.Ticks, c media.Clock) bool {
	d := to - from
	if c.Wrap > 0 {
		d %= c.Wrap
		if d < -c.Wrap/2 {
			d += c.Wrap
		} else if d > c.Wrap/2 {
			d -= c.Wrap
		}
	}
	return d < -media.FromDuration(maxBack, c.Timescale) || d > media.FromDuration(maxForward, c.Timescale)
}

// modulo is the value nearest to 0 that d stands for.
func modulo(d, wrap time.Duration) time.Duration {
	if wrap <= 0 {
		return d
	}
	d %= wrap
	if d > wrap/2 {
		d -= wrap
	} else if d < -wrap/2 {
		d += wrap
	}
	return d
}
