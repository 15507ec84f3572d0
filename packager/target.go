package packager

import (
	"fmt"
	"time"

	"weir/internal/media"
)

// firstTarget bounds a segment before the target duration is fixed.
const firstTarget = 12 * time.Second

// segmentDuration is what segments are cut to: never more than an inherited target duration.
func (p *Packager) segmentDuration() time.Duration {
	if p.target > 0 {
		return min(p.cfg.Segment, p.target)
	}
	return p.cfg.Segment
}

// longest is how long a segment of the track may be so that, rounded to a second, it keeps the target duration (RFC 8216bis,
// 4.4.3.1 and 6.2.1).
func (p *Packager) longest(t *track) media.Ticks {
	target := p.target
	if target == 0 {
		target = max(firstTarget, p.cfg.Segment.Truncate(time.Second)+2*time.Second)
	}
	return media.FromDuration(target+time.Second/2, t.scale) - 1
}

// longestLead is longest for the lead: it leaves room for followers, which are cut up to a sample later.
func (p *Packager) longestLead(r *run) media.Ticks {
	margin := r.margin()
	if r.lead.cut.number == r.First {
		margin += r.early
	}
	return p.longest(r.lead) - media.FromDuration(margin, r.lead.scale)
}

// margin is a follower's longest sample.
func (r *run) margin() time.Duration {
	d := time.Duration(0)
	for _, t := range r.members[1:] {
		if t.Kind == media.Text { // it is cut at any point
			continue
		}
		d = max(d, min(t.lastDuration().Duration(t.scale), 250*time.Millisecond))
	}
	return d + 2*time.Millisecond
}

// fixTarget decides the channel's target duration when its first segment closes: that of the configuration in whole GOPs as
// they were seen, and at least that of the segment. An encoder whose GOPs do not fit the configuration may send longer ones
// later: it gets a segment duration more, because the price of a target too short is segments that nobody can join at. Where key frames
// come on demand, the first GOPs say nothing.
func (p *Packager) fixTarget(r *run, first media.Ticks, now time.Time) error {
	if p.target > 0 {
		return nil
	}
	d := p.cfg.Segment
	if r.lead.format.KeysOnDemand {
		d = d * 5 / 4
	} else if g := r.lead.longestGOP.Duration(r.lead.scale); g > 0 && r.lead.Kind == media.Video {
		g = min(g, firstTarget)
		tolerance := media.Tolerance(p.segmentDuration())
		n := (d - tolerance + g - 1) / g
		fits := n*g <= d+tolerance
		d = max(n, 1) * g
		if !fits {
			d += p.cfg.Segment
		}
	}
	d = max(d, first.Duration(r.lead.scale)+r.early) + r.margin()
	p.target = max(d.Round(time.Second), time.Second)
	if p.target >= 2*p.cfg.Segment && p.target > time.Second {
		p.problem(now, fmt.Sprintf("sync samples are up to %v apart: segments last up to %v instead of %v, and DASH has no low latency",
			r.lead.longestGOP.Duration(r.lead.scale), p.target, p.cfg.Segment))
	}
	return p.out.Target(p.target)
}
