package packager

import (
	"time"

	"weir/internal/media"
)

// Bounds on how long a row waits for a text track that comes with the feed: for as long as a segment is, within these.
const (
	leastTextWait = 500 * time.Millisecond
	mostTextWait  = 2 * time.Second
)

// followText closes the rows of a text track behind the lead. It has something in every row, and nobody waits for it for long, nor twice.
func (r *run) followText(t *track, now time.Time) error {
	c, p := t.cut, r.p
	if !r.announced {
		c.done = r.ending
		return nil
	}
	for !c.done && len(c.borders) > 0 {
		b := c.borders[0]
		at := b.at
		if b.final {
			at = media.RescaleUp(r.stop, r.lead.scale, t.scale)
		}
		at = max(at, c.start)
		if !b.final && !r.finishing && t.script.awaits(at) {
			if p.feed.newest-t.ns(at) <= media.Ticks(min(max(p.cfg.Segment, leastTextWait), mostTextWait)) {
				break
			}
			t.told.late = true
			p.problem(now, "track "+t.Name+" is late: its rows do not wait for it")
		}
		if err := c.speak(at); err != nil {
			return err
		}
		c.borders = c.borders[1:]
		if err := c.close(at); err != nil {
			return err
		}
		if b.final {
			c.done, c.end = true, at
			break
		}
		c.open(b, at)
	}
	return nil
}

// speak puts what is said up to there into the open segment. Documents of XML are chunks of their own: players read one from an mdat.
func (c *cutter) speak(to media.Ticks) error {
	for _, s := range c.t.script.cut(c.start, to) {
		if err := c.add(s); err != nil {
			return err
		}
		if c.t.Codec == media.STPP {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}
