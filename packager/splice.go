package packager

import (
	"fmt"
	"slices"
	"time"

	"weir/internal/media"
)

const (
	maxHeard = 256
	maxCuts  = 64
	// samePoint is how far two messages about one splice may be apart in the time that they tell.
	samePoint = 100 * time.Millisecond
	// sameSudden is for how long a splice without a time is taken for the same when it is told again.
	sameSudden = 10 * time.Second
)

// heard is a splice that was told: broadcasters tell each of them several times.
type heard struct {
	media.Splice
	at     media.Ticks // ns
	signal *liveSignal // that it led to; nil: it waits for a row
}

// spliceCut is an instant at which a row is to begin.
type spliceCut struct {
	at     media.Ticks // ns
	signal *liveSignal // that begins or ends there; nil: it is yet to be made
	// splice and data are of one without a time: it happens where the row begins.
	splice media.Splice
	data   []byte
}

// splice takes one thing that a section says. at is when, in nanoseconds on the timeline.
func (p *Packager) splice(s media.Splice, data []byte, at media.Ticks) {
	g := &p.agenda
	if s.Cancel {
		p.takeBack(func(h *heard) bool { return h.ID == s.ID && (h.Type == 0) == (s.Type == 0) })
		return
	}
	same := func(h *heard) bool {
		return h.ID == s.ID && h.Type == s.Type && h.Kind == s.Kind && h.Immediate == s.Immediate
	}
	for i := range g.heard {
		apart := time.Duration(distance(g.heard[i].at, at))
		if same(&g.heard[i]) && (apart <= samePoint || s.Immediate && apart <= sameSudden) {
			return
		}
	}
	if !s.Immediate { // it may have been told for another time
		p.takeBack(same)
	}
	if len(g.heard) == maxHeard {
		g.heard = g.heard[1:]
	}
	if s.Immediate {
		g.heard = append(g.heard, heard{s, at, nil})
		p.cutAt(spliceCut{at: at, splice: s, data: data})
		return
	}
	c := p.happens(s, data, at)
	g.heard = append(g.heard, heard{s, at, c})
	p.cutAt(spliceCut{at: at, signal: c})
	p.cutReturn(s, at, c)
}

// cutReturn lets a row begin where a break ends by itself.
func (p *Packager) cutReturn(s media.Splice, at media.Ticks, c *liveSignal) {
	if s.Kind == media.SpliceOut && s.AutoReturn && s.Duration > 0 {
		p.cutAt(spliceCut{at: at + media.Ticks(s.Duration), signal: c})
	}
}

// takeBack cancels what is yet to begin of the splices that match.
func (p *Packager) takeBack(match func(h *heard) bool) {
	p.agenda.heard = slices.DeleteFunc(p.agenda.heard, func(h heard) bool {
		switch {
		case !match(&h):
			return false
		case h.signal == nil: // it waits for the next sync sample
			p.uncut(func(c *spliceCut) bool { return c.signal == nil && c.splice == h.Splice })
			return true
		case h.Immediate || h.at <= p.feed.newest:
			return false
		case h.Kind == media.SpliceIn && len(h.signal.Out) > 0: // the break goes on
			h.signal.In, h.signal.Duration = nil, 0
			p.uncut(func(c *spliceCut) bool { return c.signal == h.signal && c.at == h.at })
		default:
			h.signal.Canceled = true
			p.uncut(func(c *spliceCut) bool { return c.signal == h.signal })
		}
		p.await(h.signal)
		return true
	})
}

// uncut removes the cuts that match.
func (p *Packager) uncut(match func(c *spliceCut) bool) {
	p.agenda.cuts = slices.DeleteFunc(p.agenda.cuts, func(c spliceCut) bool { return match(&c) })
}

// happens makes the signal of a splice whose time is known, or makes that of its break complete.
func (p *Packager) happens(s media.Splice, data []byte, at media.Ticks) *liveSignal {
	if s.Kind == media.SpliceIn {
		if c := p.breakOf(s, at); c != nil {
			p.uncut(func(cut *spliceCut) bool { return cut.signal == c && cut.at > c.at }) // it does not end by itself
			c.In, c.Duration = data, time.Duration(at-c.at)
			p.await(c)
			return c
		}
	}
	start := at.Time(nanoscale)
	what := "splice"
	if s.Type != 0 {
		what = fmt.Sprintf("segmentation%d", s.Type)
	}
	c := &liveSignal{at: at, id: s.ID, Signal: media.Signal{
		// Event IDs are used again and again: the date makes them differ.
		ID:    fmt.Sprintf("%s-%d-%d", what, s.ID, start.UnixMilli()),
		Start: start, Planned: s.Duration, AutoReturn: s.AutoReturn, Loose: s.Loose, Type: s.Type,
	}}
	switch s.Kind {
	case media.SpliceOut:
		c.Out = data
	case media.SpliceIn:
		c.In = data
	default:
		c.Command = data
	}
	p.agenda.add(c)
	p.await(c)
	return c
}

// breakOf is the open break that a splice in ends: that of its ID, or, as encoders number the ends of their breaks too, the last one that was begun by
// a splice_insert.
func (p *Packager) breakOf(s media.Splice, at media.Ticks) *liveSignal {
	var last *liveSignal
	for _, c := range p.agenda.signals {
		switch {
		case len(c.Out) == 0 || len(c.In) > 0 || c.Canceled || c.at >= at:
		case c.Type == 0 && s.Type == 0:
			if c.id == s.ID {
				return c
			}
			last = c
		case c.Type != 0 && c.Type+1 == s.Type && c.id == s.ID: // ends have the number behind that of the beginning
			return c
		}
	}
	return last
}

// cutAt lets a row begin at the first sync sample from there on.
func (p *Packager) cutAt(c spliceCut) {
	g := &p.agenda
	i := len(g.cuts)
	for i > 0 && g.cuts[i-1].at > c.at {
		i--
	}
	g.cuts = slices.Insert(g.cuts, i, c)
	if len(g.cuts) > maxCuts { // the furthest
		g.cuts = g.cuts[:maxCuts]
		p.stats.DroppedEvents++
	}
	if p.run == nil || p.run.ending {
		return
	}
	if p.run.synced {
		p.run.spliced(p.run.lead.cut.start) // it may have begun there
	}
	p.run.bringForward()
}

// half is half a frame of the track, in nanoseconds: encoders put their sync sample on the frame that is nearest to the splice.
func half(t *track) media.Ticks { return t.ns(t.lastDuration()) / 2 }

// bringForward makes the next row begin where a splice wants it, if that is sooner. No follower has gone beyond.
func (r *run) bringForward() {
	if len(r.p.agenda.cuts) == 0 {
		return
	}
	at := r.p.agenda.cuts[0].at - half(r.lead)
	for _, t := range r.members[1:] {
		if t.Kind != media.Text { // of which samples can be cut anywhere
			at = max(at, t.ns(t.cut.end))
		}
	}
	r.nextCut = min(r.nextCut, media.RescaleUp(at, nanoscale, r.lead.scale))
}

// spliced does what is to be done where a row begins with a sync sample. It returns the wall clock's delay that was told for that instant; ok tells whether any was.
func (r *run) spliced(at media.Ticks) (delay time.Duration, ok bool) {
	p, ns, frame := r.p, r.lead.ns(at), half(r.lead)
	for len(p.agenda.cuts) > 0 && p.agenda.cuts[0].at <= ns+frame {
		c := p.agenda.cuts[0]
		p.agenda.cuts = p.agenda.cuts[1:]
		p.stats.SpliceCuts++
		if c.signal == nil {
			signal := p.happens(c.splice, c.data, ns)
			p.cutReturn(c.splice, ns, signal)
			for i := range p.agenda.heard {
				if h := &p.agenda.heard[i]; h.signal == nil && h.Splice == c.splice {
					h.signal = signal
				}
			}
			continue
		}
		if !c.signal.Date.IsZero() && ns-c.at <= 2*frame {
			delay, ok = c.signal.Date.Sub(c.signal.Start), true
		}
	}
	return delay, ok
}

// signalBorder does what splices want where the open row ends, which the wall clock has gone on to, and tells what is to be told with that row.
func (r *run) signalBorder(at media.Ticks) error {
	h := r.lead.queue.at(0)
	if r.synced = h != nil && h.sync && h.pos == at; r.synced {
		if delay, ok := r.spliced(at); ok {
			r.p.wall.pin(delay)
		}
	}
	return r.p.tellSignals(r.lead.ns(at))
}

// pin makes the wall clock of the next row what was told of it, if it is near.
func (f *delayFilter) pin(delay time.Duration) {
	if (delay - f.applied).Abs() <= maxOff/2 {
		f.applied = delay
	}
}
