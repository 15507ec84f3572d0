package packager

import (
	"time"

	"weir/internal/media"
)

// delayFilter follows how much later than their place on the timeline samples arrive: the least of some seconds, since every
// delay but the least is a queue somewhere. It makes EXT-X-PROGRAM-DATE-TIME follow the drift of the encoder's clock against
// ours without its jitter.
type delayFilter struct {
	buckets [8]struct {
		second int64 // Unix time of arrival
		least  time.Duration
	}
	first   int64         // second of the first sample
	newest  int64         // second of the newest sample
	begun   time.Time     // when the first sample arrived
	watched bool          // samples have arrived for long enough for a first row
	applied time.Duration // what the current segment has
}

// Bounds on how fast the wall clock of segments may leave the timeline: it rises by 5 % of media time at most, and falls by
// less than what players take for drift (RFC 8216bis, 6.2.1: overlaps below a second).
const (
	wallRise = 20 // one part in
	wallFall = 500 * time.Millisecond
)

// watch is for how long samples must have arrived before a clock's first row goes out: senders often send at once what they had when they
// connected. A feed in real time has no chunk to send before that.
const watch = 200 * time.Millisecond

// reset begins anew with a clock whose first sample was placed so much before its arrival: it is negative where the channel's end
// is in the future, since the timeline runs ahead of the wall clock.
func (f *delayFilter) reset(delay time.Duration) { *f = delayFilter{applied: delay} }

// maxDisorder is how many seconds arrivals may go back from sample to sample, as those of tracks that were held back do: more is a clock of ours
// that was set.
const maxDisorder = 90

// observe takes note of a sample that arrived at that time.
func (f *delayFilter) observe(arrived time.Time, delay time.Duration) {
	second := arrived.Unix()
	back := f.newest - second
	switch {
	case f.newest == 0:
		f.first, f.newest, f.begun = second, second, arrived
	case back < 0 || back > maxDisorder:
		f.newest = second
	case back >= int64(len(f.buckets)):
		return // too old to count
	}
	f.watched = f.watched || arrived.Sub(f.begun) >= watch
	b := &f.buckets[uint64(second)%uint64(len(f.buckets))]
	if b.second != second {
		b.second, b.least = second, delay
	}
	b.least = min(b.least, delay)
}

// steady tells whether the wall clock of rows will most likely go on as it does: long enough after the beginning, and where nothing makes it move.
func (f *delayFilter) steady() bool {
	const unmoved = 5 * time.Millisecond
	return f.newest-f.first > int64(len(f.buckets)) && (f.least()-f.applied).Abs() <= unmoved
}

// least is the least delay seen lately; applied where none was.
func (f *delayFilter) least() time.Duration {
	least, found := f.applied, false
	for _, b := range f.buckets {
		if age := f.newest - b.second; age >= 0 && age < int64(len(f.buckets)) && b.second != 0 && (!found || b.least < least) {
			least, found = b.least, true
		}
	}
	return least
}

// step moves on by a segment that lasted d.
func (f *delayFilter) step(d time.Duration) {
	// Half of the segment keeps wall clocks rising, however short it is.
	f.applied += max(min(f.least()-f.applied, d/wallRise), -min(wallFall, d/2))
}

// settle is called before a clock's first segment goes out: its first sample may have waited for a connection, and those behind it
// did not.
func (f *delayFilter) settle() { f.applied = min(f.applied, f.least()) }

// at is a point of the timeline, in nanoseconds, as wall clock.
func (f *delayFilter) at(ns media.Ticks) time.Time {
	return time.Unix(0, int64(ns)+int64(f.applied)).UTC()
}

// rowWall is the wall clock of a row that begins there. It is later than that of the row before it also where the clock was
// anchored anew right after that one began: the delay of its first sample may be less than what the filter had applied.
func (p *Packager) rowWall(ns media.Ticks) time.Time {
	at := p.wall.at(ns)
	if least := p.lastWall.Add(time.Millisecond); at.Before(least) {
		at = least
	}
	p.lastWall = at
	return at
}
