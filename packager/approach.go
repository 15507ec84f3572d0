package packager

import (
	"fmt"
	"time"

	"weir/internal/media"
)

// entry is where a track goes on with a run that is joined, on its timeline.
type entry struct {
	start  media.Ticks // its segment begins
	decode media.Ticks // its first sample is decoded
	synced bool        // a sync sample was seen
	far    int         // samples in a row that were far from there
}

const (
	// maxApproach is how far from the row that a run is joined at samples may stand: those before it are dropped.
	maxApproach = 3 * time.Minute
	// maxAstray is how many samples in a row may be farther than that: more are of another clock.
	maxAstray = 3
)

// approach takes a sample of a track that has not come to where it goes on: it is dropped, or it is the first. The error wraps ErrJoin: the
// track has no sample there.
func (p *Packager) approach(t *track, a arrival) error {
	e, expected := t.awaited, p.feed.sourceTime(t.source.Timescale)
	dts, shift := t.unroll(a.DTS, expected), t.unroll(a.PTS-a.DTS, 0)
	limit := t.span(maxForwardSeconds * time.Second)
	switch {
	case !t.within(dts), shift > limit, shift < -limit:
		p.drop(Malformed, 1)
		return nil
	case distance(dts, expected) > t.span(maxApproach):
		p.drop(Clock, 1)
		if e.far++; e.far > maxAstray {
			return fmt.Errorf("track %s is %v away from where row %d begins: %w", t.Name,
				(dts - expected).Duration(t.source.Timescale), p.join.row(), ErrJoin)
		}
		return nil
	}
	e.far = 0
	at := media.Rescale(dts, t.source.Timescale, t.scale) + t.offset
	sync := a.Sync || t.Kind == media.Audio
	if sync {
		t.shift = media.Rescale(dts+shift, t.source.Timescale, t.scale) - media.Rescale(dts, t.source.Timescale, t.scale)
		e.synced = true
	}
	if t.real > 0 {
		t.steps(at - t.real)
	}
	t.real = at
	if t.Codec == media.Opus {
		t.frame = opusDuration(a.Data)
	} else {
		t.frame = t.perFrame
	}
	begins, passed := t.meets(at, sync)
	switch {
	case begins:
		t.awaited = nil
		t.forgetSent(e.start)
		if t == p.run.lead {
			p.run.resumed(a.Sync)
		}
		if !e.synced { // what the last key frame has made it is that by which it stands there
			t.shift = e.start - at
		}
		t.promised, t.lastPos, t.since = e.decode, e.start-1, t.ns(e.decode)
		if t.Kind == media.Audio { // it keeps the grid of its frames
			t.promised, t.seen, t.dts, t.last = 0, t.frame > 0, e.decode-t.frame, dts-1
		}
		return p.admit(t, a, dts)
	case passed:
		return fmt.Errorf("track %s has no sample that begins row %d at %v: %w", t.Name, p.join.row(), e.start.Time(t.scale), ErrJoin)
	}
	if sync && t == p.run.lead && t.Kind == media.Video {
		p.noteSync(t, at+t.shift)
	}
	p.drop(Unused, 1)
	return nil
}

// meets tells whether a sample that the source puts there is the one that the track goes on with, or comes behind it. Pictures are known
// by when they are presented, which nothing but the source's rounding touches; where a row was forced to begin without a key frame, by
// when they are decoded, and sound by its grid.
func (t *track) meets(at media.Ticks, sync bool) (begins, passed bool) {
	e := t.awaited
	tick := media.RescaleUp(1, t.source.Timescale, t.scale)
	tolerance := tick
	switch {
	case t.Kind == media.Audio && t.source.Timescale != t.scale:
		tolerance = t.offGrid()
		if t.frame > 0 {
			tolerance = min(tolerance, t.frame/2)
		}
		begins = distance(at, e.decode) <= tolerance
	case t.Kind == media.Audio:
		tolerance = 0
		begins = at == e.decode
	case sync:
		begins = at+t.shift <= e.start && at+t.shift >= e.start-tolerance
	default:
		tolerance = 2 * tick
		begins = distance(at, e.decode) <= tolerance && (!e.synced || distance(at+t.shift, e.start) <= tolerance)
	}
	return begins, at > e.decode+tolerance
}
