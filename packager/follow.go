package packager

import (
	"fmt"
	"time"

	"weir/internal/media"
)

// follow brings a follower as far as its queue and the lead's progress allow.
func (r *run) follow(t *track, now time.Time) error {
	if t.Kind == media.Text {
		return r.followText(t, now)
	}
	c := t.cut
	for !c.done && !c.gone {
		h := t.queue.at(0)
		if h == nil {
			break
		}
		if len(c.borders) > 0 && h.pos >= c.borders[0].at {
			if err := c.cross(h.pos); err != nil {
				return err
			}
			continue
		}
		if !r.ending && h.pos >= r.safe(t) {
			break
		}
		d, stop := r.durationOf(t, now)
		if d == 0 {
			break
		}
		if c.samples > 0 && h.pos+d-c.start > r.p.longest(t) {
			// It lasts over its border, as some are missing behind it, or the segment began early for the same reason.
			if len(c.borders) == 0 {
				break // the lead is about to set one
			}
			if err := c.cross(h.pos); err != nil {
				return err
			}
			continue
		}
		s := t.queue.pop()
		s.duration = d
		if err := c.add(s); err != nil {
			return err
		}
		if stop {
			c.gone = true
		}
	}
	if !c.done && !c.gone && len(c.borders) > 0 && r.p.lost(t) {
		if err := r.lose(t, now); err != nil {
			return err
		}
	}
	return r.gaps(t)
}

// safe is the point of the follower's timeline before which the lead sets no border any more.
func (r *run) safe(t *track) media.Ticks {
	c := r.lead.cut
	at := min(r.nextCut, c.start+r.p.longestLead(r))
	if h := r.lead.queue.at(0); h != nil {
		at = max(at, h.pos)
	} else if r.lead.promised > 0 {
		at = max(at, c.end)
	}
	at = media.RescaleUp(at, r.lead.scale, t.scale)
	if t.isRendition(r.lead) { // its sync sample may be half a frame before the lead's
		at -= t.slack()
	}
	return at
}

// durationOf is how long the head of a follower's queue lasts, 0 where that cannot be told yet. Stop tells that the track has
// a hole behind it that its segment cannot bridge: it then lasts until the border, and the track is gone.
func (r *run) durationOf(t *track, now time.Time) (d media.Ticks, stop bool) {
	c, h, n := t.cut, t.queue.at(0), t.queue.at(1)
	if n == nil {
		switch {
		case !r.finishing:
			return 0, false
		case len(c.borders) > 0 && !c.borders[0].final && h.pos < c.borders[0].at:
			return c.borders[0].at - h.pos, true // the lead has gone on without it
		}
		return c.guess(), false
	}
	d = n.dts - h.dts
	hole := d > t.holeAfter()
	irregular := d > t.lastDuration()+media.Ticks(t.scale)/1000
	if !r.ending && n.pos >= r.safe(t) && (hole || irregular) {
		return 0, false // a border may still come in between
	}
	// A short hole may hide a whole row: what comes behind that gap is of another run.
	hides := irregular && len(c.borders) > 1 && n.pos >= c.borders[1].at
	if !hole && !hides {
		return d, false
	}
	crossed := 0
	for _, b := range c.borders {
		if b.at <= n.pos {
			crossed++
		}
	}
	if crossed == 0 || crossed == 1 && !c.borders[0].final && n.pos-c.start <= r.p.longest(t) {
		return d, false
	}
	if c.borders[0].final && r.finishing {
		return c.guess(), false
	}
	if !c.borders[0].final {
		r.p.problem(now, fmt.Sprintf("track %s has a hole of %v", t.Name, d.Duration(t.scale)))
	}
	return max(c.borders[0].at-h.pos, 1), true
}

// lose gives a track up that did not reach a border in time: its last sample lasts until there.
func (r *run) lose(t *track, now time.Time) error {
	c := t.cut
	c.gone = true
	if !r.finishing {
		r.p.problem(now, fmt.Sprintf("track %s stopped: a new run without it begins", t.Name))
	}
	h := t.queue.at(0)
	if h == nil || h.pos >= c.borders[0].at {
		return nil
	}
	s := t.queue.pop()
	s.duration = max(c.borders[0].at-s.pos, 1)
	if r.finishing {
		s.duration = c.guess()
	}
	return c.add(s)
}

// gaps closes the rows of a track that is gone, as far as the lead has closed them.
func (r *run) gaps(t *track) error {
	c := t.cut
	for c.gone && !c.done && len(c.borders) > 0 {
		if err := c.cross(c.borders[0].at); err != nil {
			return err
		}
	}
	return nil
}

// cross closes the open segment at the next border: at its own sample's position, or at the border where there is none.
func (c *cutter) cross(at media.Ticks) error {
	b := c.borders[0]
	c.borders = c.borders[1:]
	if b.final {
		c.done = true
		switch { // there is no next segment to join
		case c.samples == 0:
			at = media.RescaleUp(c.run.stop, c.run.lead.scale, c.t.scale)
		case c.run.finishing || !c.gone && at-c.end > c.t.holeAfter():
			at = c.end
		}
		return c.close(at)
	}
	if len(c.borders) > 0 && at >= c.borders[0].at {
		at = max(b.at, c.end) // nothing in the row that begins here: it is a gap
	}
	// Behind a gap the track is in another run, however short the row: forced cuts make rows shorter than a frame of audio.
	c.gone = c.gone || c.samples == 0 && c.begun && c.t.Kind == media.Audio
	if err := c.close(at); err != nil {
		return err
	}
	c.open(b, at)
	return nil
}
