package packager

import (
	"time"

	"weir/internal/media"
)

// maxOff is how far the wall clock of a row may be from what its stretch's anchor says.
const maxOff = 100 * time.Millisecond

// place is where a row begins: when it arrived, and the anchor of the stretch that it belongs to.
type place struct {
	wall   time.Time
	anchor media.Anchor
}

// place decides on those of the row that begins there, in nanoseconds on the timeline. Every run begins a stretch; in mid-run
// another one begins where the wall clock has left what the last one says. A new run of the same clock keeps the shift as long as it
// holds, so that one joins the other. What the anchors say of one row is always later than what they said of the row before, and
// a run is not shown before the end of the one before it, although it may have come before that: what has come was longer than it
// took, or was taken so.
func (p *Packager) place(r *run, number uint64, ns media.Ticks) place {
	least := time.Duration(p.endShown - ns)
	early := number == r.First && p.endShown > 0 && p.wall.applied < least
	if early {
		p.wall.applied = least
	}
	wall := p.rowWall(ns)
	shift := p.shift
	if delay := wall.Sub(time.Unix(0, int64(ns))); (delay - shift).Abs() > maxOff {
		shift = delay.Round(time.Millisecond)
	}
	if early && shift < least {
		shift = (least + time.Millisecond - 1).Truncate(time.Millisecond)
	}
	if p.shown > 0 {
		shift = max(shift, time.Duration(p.shown-ns).Truncate(time.Millisecond)+time.Millisecond)
	}
	if number == r.First || shift != p.shift {
		p.stretch = media.Anchor{Segment: number, Start: ns.Time(nanoscale), Shift: shift}
	}
	p.shift, p.shown = shift, ns+media.Ticks(shift)
	return place{wall, p.stretch}
}
