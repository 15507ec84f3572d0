package packager

import (
	"time"

	"weir/internal/media"
)

// track is one track of the feed: its clock, what it has queued, and where it stands in the open run.
type track struct {
	description
	trackClock
	format media.Format
	header []byte // its init segment
	queue  queue
	init   uint32 // version of the init segment in the open run

	real       media.Ticks // where the source's clock puts the decoding of the last sample
	promised   media.Ticks // where the next sample is decoded, as the duration of the last has been told; 0: it is open
	nominal    media.Ticks // last usual duration of a sample, 0: not known
	since      media.Ticks // ns: where its samples began to come without a hole
	untilSync  media.Ticks // ns: when waiting for a sync sample began, 0: it did not
	lastSync   media.Ticks // position of its last sync sample, 0: none since the clock's anchor
	syncDelta  media.Ticks // last distance between two
	longestGOP media.Ticks

	left     bool // the feed has said that nothing comes any more
	refusals int  // borders in a row at which it could not join

	script script // of text
	told   *told  // that script where the text comes with the feed, else nil

	messages []message // that wait for their chunk, in the order in which they came

	awaited *entry // where it goes on with a run that another packager has begun, as long as it has not come there

	cut *cutter // nil: not in the open run
}

func newTrack(f media.Format) (*track, error) {
	d, err := describe(f)
	if err != nil {
		return nil, err
	}
	h, err := header(&d)
	if err != nil {
		return nil, err
	}
	t := &track{description: d, format: f, header: h}
	t.trackClock = trackClock{source: f.Clock, scale: d.Timescale}
	if d.Kind == media.Text {
		t.told = &told{codec: d.Codec}
		t.script = t.told
	}
	if r := d.rate; r.Num != 0 {
		t.nominal = media.Ticks(uint64(r.Den) * uint64(d.Timescale) / uint64(r.Num))
	}
	return t, nil
}

// holeAfter is the longest that a sample may last before what follows it counts as a hole.
func (t *track) holeAfter() media.Ticks {
	return max(5*t.nominal/2, media.FromDuration(250*time.Millisecond, t.scale))
}

// arrived keeps account of a sample that came, which the source puts a step behind the one before it; it is about to be queued.
func (t *track) arrived(s timed, source, step media.Ticks) {
	if !t.seen {
		t.since = t.ns(s.dts)
	} else {
		t.steps(step)
		if s.dts-t.dts > t.holeAfter() {
			t.since = t.ns(s.dts)
		}
	}
	if !t.seen || source > t.last {
		t.last = source
	}
	t.seen, t.stale, t.left, t.dts, t.lastPos = true, false, false, s.dts, s.pos
	t.frame = t.perFrame
	if t.Codec == media.Opus {
		t.frame = opusDuration(s.data)
	}
	if t.frame > 0 {
		t.nominal = t.frame
	}
}

// steps follows how long samples usually are, from how far the source puts one behind the one before it.
func (t *track) steps(d media.Ticks) {
	longest := media.Ticks(t.scale) // of what may be a sample and not a hole
	if t.Kind == media.Video {
		longest *= 4
	}
	if d > 0 && d <= longest && (t.nominal == 0 || t.Kind == media.Video || d < t.nominal*2) {
		t.nominal = d
	}
}

// lastDuration is how long a sample is taken to be that none follows.
func (t *track) lastDuration() media.Ticks {
	switch {
	case t.frame > 0:
		return t.frame
	case t.nominal > 0:
		return t.nominal
	}
	return max(1, media.Ticks(t.scale)/25)
}

// patience is how far behind the feed the track may be before it counts as lost.
func (p *Packager) patience(t *track) media.Ticks {
	d := min(max(p.cfg.Segment, time.Second), 4*time.Second)
	if t.Kind == media.Video && t.nominal == 0 {
		d = max(d, 2500*time.Millisecond) // perhaps one frame a second
	}
	return max(media.Ticks(d), 5*t.ns(t.nominal)/2)
}

// lost tells whether nobody is to wait for the track's next sample.
func (p *Packager) lost(t *track) bool {
	if t.left || p.pressure && t.queue.len() < 2 {
		return true
	}
	at := p.feed.first
	if t.seen {
		at = max(at, t.ns(t.dts))
	}
	return p.feed.newest-at > p.patience(t)
}

// alive tells whether the track's samples come, and have done so without a hole since that point, in nanoseconds. It asks for
// more than not being lost, so that a track at that limit does not come and go.
func (p *Packager) alive(t *track, since media.Ticks) bool {
	return t.seen && !p.lost(t) && t.since <= since && p.feed.newest-t.ns(t.dts) <= p.patience(t)*3/4
}

// noteSync follows the distance between sync samples of a leading video track.
func (p *Packager) noteSync(t *track, pos media.Ticks) {
	if t.lastSync > 0 && pos > t.lastSync {
		t.syncDelta = pos - t.lastSync
		t.longestGOP = max(t.longestGOP, t.syncDelta)
		if t.Kind == media.Video {
			p.stats.GOP = t.syncDelta.Duration(t.scale)
			p.stats.LongestGOP = max(p.stats.LongestGOP, p.stats.GOP)
		}
	}
	t.lastSync = pos
}

// discard drops the track's queued samples that stand before pos, which is on its own timeline.
func (p *Packager) discard(t *track, pos media.Ticks, why Reason) {
	for s := t.queue.at(0); s != nil && s.pos < pos; s = t.queue.at(0) {
		t.queue.pop()
		p.drop(why, 1)
	}
}
