package packager

import (
	"fmt"
	"slices"
	"time"

	"weir/internal/media"
)

// maxAhead bounds how far the timeline may run ahead of the wall clock, so that timestamps alone cannot overflow it.
const maxAhead = 10 * 365 * 24 * time.Hour

// maxFar is after how many samples that are far from the feed's clock, without one that is near, it is taken for lost.
const maxFar = 100

// verdict is what a timestamp means.
type verdict int

const (
	goesOn verdict = iota
	isBackward
	isStale
	isJump
	isFar // of a track that has none before it to compare with
	isMalformed
)

// judge decides whether a sample goes on, is dropped, or begins a new stretch of the source's clock.
func (p *Packager) judge(a arrival) error {
	t := p.tracks[a.Track]
	if t.Kind == media.Text {
		return p.tell(t, a)
	}
	if !t.within(a.PTS) || !t.within(a.DTS) {
		p.drop(Malformed, 1)
		return nil
	}
	if !p.feed.anchored {
		p.anchor(t, a)
	}
	if t.awaited != nil {
		return p.approach(t, a)
	}
	dts, v := p.verdict(t, a.DTS)
	switch v {
	case goesOn:
		p.far = 0
		if len(p.jump) > 0 && p.jump[0].Track == a.Track { // it was only a wrong timestamp
			p.drop(Clock, len(p.jump))
			p.jump = p.jump[:0]
		}
		return p.admit(t, a, dts)
	case isBackward:
		p.drop(Backward, 1)
	case isStale:
		p.drop(Stale, 1)
	case isMalformed:
		p.drop(Malformed, 1)
	case isJump, isFar:
		return p.jumped(a, v)
	}
	return nil
}

// anchor places the feed's first sample at its arrival, or where the channel ends.
func (p *Packager) anchor(t *track, a arrival) {
	at := max(media.Ticks(a.at.UnixNano()), p.end)
	dts := a.DTS
	if t.source.Grid {
		at = p.onGrid(at, media.Rescale(dts, t.source.Timescale, nanoscale))
	}
	p.feed = feedClock{anchored: true, source: dts, scale: t.source.Timescale, at: at, first: at, newest: at}
	for _, t := range p.tracks {
		t.trackClock = trackClock{source: t.source, scale: t.scale, stale: t.seen || t.stale, before: t.before}
		t.lastSync, t.untilSync, t.promised = 0, 0, 0
		t.anchor(&p.feed)
		if t.told != nil {
			t.told.clear()
		}
	}
	p.agenda.reanchor()
	p.wall.reset(time.Duration(media.Ticks(a.at.UnixNano()) - at))
	p.settled, p.shift, p.alignFrom = false, 0, 0
}

// onGrid is the point of the timeline near at where multiples of the segment duration are multiples of it on the source's clock too: before
// at, where the channel has not come so far.
func (p *Packager) onGrid(at, source media.Ticks) media.Ticks {
	segment := media.Ticks(p.segmentDuration())
	back := ((at-source)%segment + segment) % segment
	if at-back >= p.end || back == 0 {
		return at - back
	}
	return at - back + segment
}

// verdict unrolls a decoding time and judges it by the track's last one, or by the feed's where the track has none yet.
func (p *Packager) verdict(t *track, raw media.Ticks) (media.Ticks, verdict) {
	forward := t.span(maxForwardSeconds * time.Second)
	expected := p.feed.sourceTime(t.source.Timescale)
	if t.seen {
		dts := t.unroll(raw, t.last)
		switch d := dts - t.last; {
		case !t.within(dts):
			return dts, isMalformed
		case d > 0 && d <= forward:
			return dts, goesOn
		case d <= 0 && d >= -t.span(maxNudge) && t.Kind == media.Video:
			return dts, goesOn
		case d <= 0 && d >= -t.span(maxBackward):
			return dts, isBackward
		}
		// A track that was away for long comes back where the others are.
		if back := t.unroll(raw, expected); back > t.last && distance(back, expected) <= forward && t.within(back) {
			return back, goesOn
		}
		return dts, isJump
	}
	dts := t.unroll(raw, expected)
	if !t.within(dts) {
		return dts, isMalformed
	}
	d := distance(dts, expected)
	if t.stale && distance(t.unroll(raw, t.before), t.before) < d {
		return dts, isStale
	}
	if d <= forward {
		return dts, goesOn
	}
	return dts, isFar
}

func distance(a, b media.Ticks) media.Ticks {
	if a < b {
		return b - a
	}
	return a - b
}

// jumped holds a sample that is far from all before it. If one that is held agrees with it, the clock has jumped.
func (p *Packager) jumped(a arrival, v verdict) error {
	agrees := false
	for _, h := range p.jump {
		agrees = agrees || p.agree(h, a)
	}
	if !agrees {
		if p.far++; v == isFar && p.far < maxFar && p.anySeen() {
			p.drop(Clock, 1)
			return nil
		}
		p.drop(Clock, len(p.jump))
		p.jump = append(p.jump[:0], a)
		return nil
	}
	held := append(p.jump, a)
	p.jump, p.far = nil, 0
	p.problem(a.at, fmt.Sprintf("the feed's clock jumped at track %s: a new run begins", p.tracks[held[0].Track].Name))
	if err := p.finish(a.at); err != nil {
		return err
	}
	for _, t := range p.tracks {
		if t.seen {
			t.before = t.last
		}
	}
	p.anchor(p.tracks[held[0].Track], held[0])
	p.wall.watched = true // the feed goes on, with another clock
	for _, h := range held {
		if err := p.judge(h); err != nil {
			return err
		}
	}
	return nil
}

// anySeen tells whether there is a track that the feed's clock was taken from.
func (p *Packager) anySeen() bool {
	return slices.ContainsFunc(p.tracks, func(t *track) bool { return t.seen })
}

// agree tells whether b can follow a on one clock: later on the same track, or near it on another one.
func (p *Packager) agree(a, b arrival) bool {
	t, u := p.tracks[a.Track], p.tracks[b.Track]
	if t == u {
		d := t.unroll(b.DTS, a.DTS) - a.DTS
		return d > 0 && d <= t.span(maxForwardSeconds*time.Second)
	}
	expected := media.Rescale(a.DTS, t.source.Timescale, u.source.Timescale)
	return distance(u.unroll(b.DTS, expected), expected) <= u.span(maxForwardSeconds*time.Second)
}

// admit maps a sample that goes on to the timeline and queues it.
func (p *Packager) admit(t *track, a arrival, dts media.Ticks) error {
	shift := t.unroll(a.PTS-a.DTS, 0)
	if limit := t.span(maxForwardSeconds * time.Second); shift > limit || shift < -limit {
		p.drop(Malformed, 1)
		return nil
	}
	s := timed{dts: t.decode(dts), sync: a.Sync || t.Kind == media.Audio, data: a.Data}
	s.pts = s.dts + media.Rescale(dts+shift, t.source.Timescale, t.scale) - media.Rescale(dts, t.source.Timescale, t.scale)
	at := t.ns(s.dts)
	if at > media.Ticks(a.at.Add(maxAhead).UnixNano()) || s.dts < 0 || s.pts < 0 {
		p.drop(Malformed, 1)
		return nil
	}
	step := s.dts - t.real
	s.real, t.real = s.dts, s.dts
	promised := t.promised
	if promised == 0 && t.seen && s.dts <= t.dts {
		if t.Kind == media.Audio {
			p.drop(Backward, 1)
			return nil
		}
		s.dts = t.dts + 1 // a frame that others refer to: its decoding time gives way, not its presentation
	}
	if s.sync {
		t.shift = s.pts - s.real
	}
	s.pos = max(s.real+t.shift, t.lastPos+1)
	p.keepPromise(t, &s)
	if promised > 0 && step > t.holeAfter() { // it has become a gap, not a long frame
		step = s.dts - t.dts
	}
	t.arrived(s, dts, step)
	s.nominal = t.nominal
	if at-p.feed.newest > p.patience(t) {
		p.feed.first = at // the others are not late, they have the same hole
	}
	p.feed.newest = max(p.feed.newest, at)
	p.wall.observe(a.at, time.Duration(media.Ticks(a.at.UnixNano())-at))
	t.queue.push(s)
	if p.bound(t) {
		t.promised = promised
	}
	return p.pump(a.at)
}

// bound keeps the queues within their bounds: first by waiting for nobody any more, in the end by dropping what came last.
func (p *Packager) bound(t *track) (dropped bool) {
	bytes := 0
	for _, t := range p.tracks {
		bytes += t.queue.bytes
	}
	p.pressure = t.queue.len() > maxQueueSamples || bytes > maxQueueBytes
	if t.queue.len() > 2*maxQueueSamples || bytes > 2*maxQueueBytes {
		t.queue.unpush()
		p.drop(Overflow, 1)
		return true
	}
	return false
}
