package packager

import (
	"fmt"
	"time"

	"weir/internal/media"
)

// advance brings the lead as far as its queue goes, and sets the borders that followers are cut at.
func (r *run) advance(now time.Time) error {
	t, c, p := r.lead, r.lead.cut, r.p
	for !r.ending {
		h := t.queue.at(0)
		if h == nil {
			break
		}
		if stop, err := r.yield(h, now); stop || err != nil {
			return err
		}
		if c.samples > 0 && h.pos-c.start > p.longestLead(r) { // the one before it had been promised to last less
			p.problem(now, fmt.Sprintf("track %s has a hole of %v: a new run begins", t.Name, (h.pos-c.end).Duration(t.scale)))
			return r.end(c.end, now)
		}
		cut, wait := false, false
		if h.sync && h.pos >= r.nextCut && c.samples > 0 {
			cut, wait = r.agree(h.pos, now)
		}
		if wait && !p.lost(t) {
			break
		}
		if wait && r.promote(now) { // its row ends here, and it brings too little of the next
			return r.advance(now)
		}
		if cut {
			if t.Kind == media.Video {
				p.noteSync(t, h.pos)
			}
			if !r.finishing && r.wants(h.pos) {
				return r.end(h.pos, now)
			}
			if err := r.next(h.pos, now); err != nil {
				return err
			}
		} else if h.sync && h.pos > t.lastSync && t.Kind == media.Video {
			p.noteSync(t, h.pos)
		}
		n := t.queue.at(1)
		if n == nil {
			d := media.Ticks(0)
			if !r.finishing {
				d = c.promise(h)
			}
			if d == 0 {
				break
			}
			s := t.queue.pop()
			s.duration, t.promised = d, s.dts+d
			t.lastPos = max(t.lastPos, s.pos+d-1)
			r.frames++
			if err := c.add(s); err != nil {
				return err
			}
			break
		}
		if n.pos-c.start > p.longestLead(r) {
			if c.samples > 0 {
				if err := r.force(h.pos, now); err != nil {
					return err
				}
			}
			if n.pos-h.pos > p.longestLead(r) { // no segment can hold this one
				p.problem(now, fmt.Sprintf("track %s has a hole of %v: a new run begins", t.Name, (n.dts-h.dts).Duration(t.scale)))
				return r.endLead(now)
			}
		}
		if r.finishing || !c.regularly(h) {
			h.duration = n.dts - h.dts
		}
		s := t.queue.pop()
		r.frames++
		if err := c.add(s); err != nil {
			return err
		}
	}
	if !r.ending && !r.finishing && p.lost(t) {
		if r.promote(now) {
			return r.advance(now)
		}
		p.problem(now, fmt.Sprintf("track %s stopped: a new run without it begins", t.Name))
		return r.endLead(now)
	}
	return nil
}

// next closes the lead's row and begins another one.
func (r *run) next(at media.Ticks, now time.Time) error {
	p := r.p
	if err := r.closeRow(at, now); err != nil {
		return err
	}
	b := border{at: at, number: p.segment, place: p.place(r, p.segment, r.lead.ns(at))}
	p.segment++
	p.stats.Segments++
	r.lead.cut.open(b, at)
	r.nextCut = media.NextBorder(at, r.lead.scale, p.segmentDuration())
	r.bringForward()
	for _, t := range r.members[1:] {
		b.at = r.borderOf(t, at)
		t.cut.borders = append(t.cut.borders, b)
	}
	return p.repeatSignals(r.lead.ns(at))
}

// force begins a row where there is no sync sample, because the target duration would be exceeded.
func (r *run) force(at media.Ticks, now time.Time) error {
	c := r.lead.cut
	if err := r.p.fixTarget(r, at-c.start, now); err != nil {
		return err
	}
	r.p.stats.ForcedCuts++
	r.p.problem(now, fmt.Sprintf("segment %d is cut without a sync sample: none came within the target duration of %v; shorten the encoder's GOP",
		c.number, r.p.target))
	return r.next(at, now)
}

// closeRow ends the lead's open segment.
func (r *run) closeRow(at media.Ticks, now time.Time) error {
	c, p := r.lead.cut, r.p
	if err := p.fixTarget(r, at-c.start, now); err != nil {
		return err
	}
	d := (at - c.start).Duration(r.lead.scale)
	if d > 0 {
		p.stats.FrameRate = 0
		if r.lead.Kind == media.Video {
			p.stats.FrameRate = float64(r.frames) / d.Seconds()
		}
	}
	r.frames = 0
	p.wall.step(d)
	if err := r.signalBorder(at); err != nil {
		return err
	}
	c.end = at
	return c.close(at)
}

// yield ends a run that audio leads where a video track comes back with a sync sample. As soon as video comes at all, audio
// waits for it, so that the sync sample is not in the past when it comes.
func (r *run) yield(h *timed, now time.Time) (stop bool, err error) {
	if r.lead.Kind == media.Video || r.finishing {
		return false, nil
	}
	var v *track
	for _, t := range r.p.tracks {
		if t.Kind == media.Video && t.cut == nil && t.seen && !r.p.lost(t) {
			v = t
			break
		}
	}
	if v == nil {
		return false, nil
	}
	until := media.Rescale(v.dts, v.scale, r.lead.scale)
	least := media.Rescale(r.lead.ns(h.pos), nanoscale, v.scale)
	for s := v.queue.at(0); s != nil && (!s.sync || s.pos < least); s = v.queue.at(0) {
		v.queue.pop()
		r.p.drop(NoSync, 1)
	}
	s := v.queue.at(0)
	if s != nil {
		until = media.Rescale(s.pos, v.scale, r.lead.scale)
	}
	n := r.lead.queue.at(1)
	end := h.pos + r.lead.lastDuration()
	if n != nil {
		end = n.pos
	}
	if end <= until {
		return false, nil
	}
	if s == nil || r.lead.cut.samples == 0 {
		// Nothing to go on to yet, or nothing to end.
		return s == nil, nil
	}
	return true, r.end(h.pos, now)
}
