package packager

import (
	"time"

	"weir/internal/media"
)

// maxPromise is how long a frame may be for its duration to be promised: what comes sooner all the same is decoded later than it should
// be presented, by as much.
const maxPromise = 100 * time.Millisecond

// promise is how long the head of the lead's queue will most likely last, where nobody knows yet: 0 unless frames are regular and it
// makes the chunk full, which then need not wait for the frame behind it. That frame is decoded where it was promised, which is not
// earlier than its own time by more than rounding of the source's clock; when it is presented is not touched. Where several tracks of
// pictures are cut alike, nothing is promised, as rounding would set them apart.
func (c *cutter) promise(h *timed) media.Ticks {
	t := c.t
	if t.Kind != media.Video || c.run.pictures() > 1 || c.frame == 0 || c.frame.Duration(t.scale) > maxPromise || !c.run.announced || len(c.pending)+1 < c.frames ||
		distance(h.nominal, c.frame) > 2*c.loose {
		return 0
	}
	for i := range c.pending {
		if distance(c.pending[i].duration, c.frame) > 2*c.loose {
			return 0
		}
	}
	d, room := h.real+c.frame-h.dts, c.most-c.length
	if d > room+c.loose { // it is decoded too early itself, as some were missing before it: its duration makes up for that
		return 0
	}
	d = min(d, room)
	if d < c.frame*3/4 || c.length+d < c.enough || h.pos+d-c.start > c.run.p.longestLead(c.run) {
		return 0
	}
	return d
}

// keepPromise places a sample that follows one whose duration was promised. What is missing between the two is a gap in presentation,
// since the one before cannot be made to last any more.
func (p *Packager) keepPromise(t *track, s *timed) {
	if t.promised == 0 {
		return
	}
	if s.dts-t.promised > t.nominal/2 {
		p.stats.LateFrames++
	}
	s.dts, t.promised = t.promised, 0
}

// regularly gives the head of the lead's queue the duration that it would have been promised to last, where the frame behind it is there
// already and comes about then: durations do not depend on when frames arrived. It is false where nothing would have been promised.
func (c *cutter) regularly(h *timed) bool {
	q, d := &c.t.queue, c.promise(h)
	n := q.at(1)
	if d == 0 || n.real-h.dts-d > n.nominal/2 {
		return false
	}
	h.duration = d
	dts, pos := h.dts+d, h.pos+d
	n.dts, n.pos = dts, max(n.pos, pos)
	for i := 2; ; i++ {
		s := q.at(i)
		if s == nil {
			c.t.dts, c.t.lastPos = q.at(i-1).dts, q.at(i-1).pos
			return true
		}
		before := q.at(i - 1)
		if s.dts > before.dts && s.pos > before.pos {
			return true
		}
		s.dts, s.pos = max(s.dts, before.dts+1), max(s.pos, before.pos+1)
	}
}

// pictures is how many video tracks the run has.
func (r *run) pictures() (n int) {
	for _, t := range r.members {
		if t.Kind == media.Video {
			n++
		}
	}
	return n
}
