package packager

import "weir/internal/media"

// overlaps tells whether a sync sample at that position would begin the next run, were it not that the last one was taken too
// long: how long a run's last frame lasts is a guess, since what follows it is not known when parameters change in mid-stream. Clocks
// of milliseconds alone make frames of 33 and 34 ms.
func (p *Packager) overlaps(t *track, pos, least media.Ticks) bool {
	return pos < least && t.ns(least-pos) <= p.guessed
}

// postpone moves the feed's clock by a length of t's timeline, with all that is queued: the offsets between tracks stay.
func (p *Packager) postpone(t *track, by media.Ticks) {
	ns := media.RescaleUp(by, t.scale, nanoscale)
	p.feed.at += ns
	p.feed.first += ns
	p.feed.newest += ns
	p.agenda.postpone(ns)
	for _, t := range p.tracks {
		old := t.offset
		t.anchor(&p.feed)
		d := t.offset - old
		t.dts += d
		t.real += d
		t.lastPos += d
		t.since += ns
		if t.told != nil {
			t.told.move(d)
		}
		for i := 0; t.queue.at(i) != nil; i++ {
			s := t.queue.at(i)
			s.dts += d
			s.real += d
			s.pts += d
			s.pos += d
		}
	}
}
