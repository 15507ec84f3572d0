package packager

import (
	"fmt"
	"time"

	"weir/internal/media"
)

// Several video tracks of a run are renditions of the same pictures, between which players switch at every border. So a border is where
// the lead has a sync sample and all the others have one at the same instant. Where encoders do not send such, the lead alone decides.

const (
	// maxSlack bounds how far from each other sync samples may be that are taken for the same instant: half a frame, or this.
	maxSlack = 100 * time.Millisecond
	// maxRefusals is at how many of the lead's borders in a row a track may have no sync sample before it joins without.
	maxRefusals = 3
)

// accord is whether tracks can be cut at an instant.
type accord int

const (
	together accord = iota // there is a sync sample
	apart                  // there is none
	unknown                // the track has not come so far
)

// slack is half a frame of the track.
func (t *track) slack() media.Ticks {
	return min(t.lastDuration()/2, media.FromDuration(maxSlack, t.scale))
}

// syncAt finds the track's first queued sync sample from a point on, in nanoseconds less half a frame, to late behind it.
func (t *track) syncAt(ns, late media.Ticks) (pos media.Ticks, a accord) {
	at, slack := media.Rescale(ns, nanoscale, t.scale), t.slack()
	last := at + max(slack, media.Rescale(late, nanoscale, t.scale))
	for i := 0; ; i++ {
		s := t.queue.at(i)
		switch {
		case s == nil:
			return 0, unknown
		case s.pos > last:
			return 0, apart
		case s.sync && s.pos >= at-slack:
			return s.pos, together
		}
	}
}

// isRendition tells whether the track is a video track beside the one that leads.
func (t *track) isRendition(lead *track) bool {
	return t != lead && t.Kind == media.Video && lead.Kind == media.Video
}

// agree decides about a border at the lead's sync sample at that position, which is the head of its queue: cut there, go on to the next
// one, or wait for the other video tracks to come so far.
func (r *run) agree(at media.Ticks, now time.Time) (cut, wait bool) {
	if r.finishing {
		return true, false
	}
	ns, verdict := r.lead.ns(at), together
	var odd *track
	for _, t := range r.p.tracks {
		if !t.isRendition(r.lead) || r.p.lost(t) {
			continue
		}
		if t.cut == nil { // it waits to join
			if !r.p.alive(t, ns) {
				continue
			}
			if _, a := t.syncAt(ns, r.p.tolerated(t)); a == unknown {
				return false, true
			}
			continue
		}
		if t.cut.gone {
			continue
		}
		switch _, a := t.syncAt(ns, 0); {
		case a == unknown && verdict == together:
			verdict = unknown
		case a == apart:
			verdict, odd = apart, t
		}
	}
	switch verdict {
	case together:
		r.p.discordant = false
		return true, false
	case unknown:
		return false, true
	}
	if r.patient(at) {
		return false, false
	}
	r.p.discordant = true
	r.p.stats.ApartCuts++
	r.p.problem(now, fmt.Sprintf("tracks %s and %s have no key frames at the same instants: players cannot switch between them without a break; "+
		"let the encoder send key frames of all renditions together, every %v", r.lead.Name, odd.Name, r.p.cfg.Segment))
	return true, false
}

// patient tells whether the lead's next sync sample is soon enough to wait for, as other video tracks have none at this one.
func (r *run) patient(at media.Ticks) bool {
	t := r.lead
	if t.lastSync == 0 || at <= t.lastSync {
		return false
	}
	next := at + (at - t.lastSync)
	return next-t.cut.start <= r.p.longestLead(r) && next < r.nextCut+media.FromDuration(r.p.segmentDuration(), t.scale)
}

// tolerated is how far behind the lead's sync sample that of a track may be that is to join: nothing, unless they never coincide.
func (p *Packager) tolerated(t *track) media.Ticks {
	if t.Kind == media.Video && (p.discordant || t.refusals >= maxRefusals) {
		return media.Ticks(p.segmentDuration()) - t.ns(t.slack())
	}
	return 0
}

// joins tells whether a video track that is not in the run can join another one that begins at that position of the lead.
func (r *run) joins(t *track, at media.Ticks) bool {
	if !r.p.alive(t, r.lead.ns(at)) {
		return false
	}
	if _, a := t.syncAt(r.lead.ns(at), r.p.tolerated(t)); a != together {
		t.refusals++
		return false
	}
	return true
}

// borderOf is where a member of the run is cut for a border at that position of the lead: a video track at its own sync sample.
func (r *run) borderOf(t *track, at media.Ticks) media.Ticks {
	if t.isRendition(r.lead) {
		if pos, a := t.syncAt(r.lead.ns(at), 0); a == together {
			return pos
		}
	}
	return media.RescaleUp(at, r.lead.scale, t.scale)
}

// alignHeads drops what comes before the first instant at which all video tracks can begin together. It is false while that has to be
// waited for, which ends in any case: then each begins where it can.
func (p *Packager) alignHeads(lead *track) bool {
	if lead.Kind != media.Video || p.pressure || p.discordant {
		return true
	}
	if p.alignFrom == 0 {
		p.alignFrom = p.feed.newest
	}
	patience := media.Ticks(max(2*p.segmentDuration(), 4*time.Second))
	for {
		ns := lead.ns(lead.queue.at(0).pos)
		p.discordant = p.feed.newest-p.alignFrom > patience
		latest := ns
		for _, t := range p.tracks {
			if !t.isRendition(lead) || p.lost(t) || !t.seen {
				continue // a track that has never come is waited for elsewhere
			}
			least := media.Rescale(ns, nanoscale, t.scale) - t.slack()
			for s := t.queue.at(0); s != nil && (!s.sync || s.pos < least); s = t.queue.at(0) {
				t.queue.pop()
				p.drop(NoSync, 1)
			}
			s := t.queue.at(0)
			if s == nil {
				if p.discordant {
					continue
				}
				return false
			}
			if s.pos > least+2*t.slack() {
				latest = max(latest, t.ns(s.pos))
			}
		}
		if latest == ns || p.discordant {
			return true
		}
		least := media.Rescale(latest, nanoscale, lead.scale) - lead.slack()
		if _, a := lead.syncAt(latest, media.Ticks(time.Hour)); a != together {
			return false
		}
		for s := lead.queue.at(0); !s.sync || s.pos < least; s = lead.queue.at(0) {
			lead.queue.pop()
			p.drop(NoSync, 1)
		}
	}
}
