package whip

import (
	"slices"
	"time"

	"weir/internal/media"
)

const (
	ntpSecond   = 1 << 32
	leadIn      = 10                      // seconds: where the feed's clock begins, so that a track may begin before the other
	maxDistrust = 3 * time.Second         // between what reports say and when packets come: more is no common clock
	maxApart    = 30 * time.Millisecond   // that tracks may have moved apart by before one is moved
	judges      = 3                       // reports that must agree on that, by their median
	maxBetween  = int64(3600) * ntpSecond // of two reports that are compared
)

// line is the RTP clock of one track, tied to the feed's clock.
type line struct {
	rate   uint32 // ticks a second
	seen   bool
	first  int64 // timestamps, unrolled
	last   int64
	at     time.Time // when last came
	report instant
	placed bool
	offset int64   // from a timestamp to the feed's clock, in ticks of rate
	guess  bool    // offset was taken from when packets came
	apart  []int64 // what the last reports say that offset lacks
}

// instant is what a sender report says: an instant on both clocks.
type instant struct {
	ok   bool
	ntp  uint64 // 32.32 seconds
	time int64  // unrolled timestamp
}

// unroll is the value nearest to the last one that a timestamp stands for.
func (l *line) unroll(t uint32) int64 {
	if !l.seen {
		return int64(t) + 1<<32
	}
	return l.last + int64(int32(t-uint32(l.last)))
}

// came notes the timestamp of a packet that came at now, and gives it back unrolled.
func (l *line) came(t uint32, now time.Time) int64 {
	u := l.unroll(t)
	if !l.seen {
		l.first = u
	}
	if !l.seen || u > l.last || u < l.last-int64(l.rate)*60 {
		l.last, l.at = u, now
	}
	l.seen = true
	return u
}

// reported notes a sender report. One before the first packet says nothing: its timestamp cannot be unrolled yet.
func (l *line) reported(ntp uint64, t uint32) {
	if l.seen && ntp != 0 {
		l.report = instant{ok: true, ntp: ntp, time: l.unroll(t)}
	}
}

// lead makes l the clock of the feed.
func (l *line) lead() {
	l.placed, l.guess = true, false
	l.offset = leadIn*int64(l.rate) - l.first
}

// feedTime is where a timestamp of l stands on the feed's clock, in ticks of another rate.
func (l *line) feedTime(t int64, rate uint32) int64 {
	return int64(media.Rescale(media.Ticks(t+l.offset), l.rate, rate))
}

// byReport is the offset of l that the reports of both tracks mean, where lead is placed.
func (l *line) byReport(lead *line) (int64, bool) {
	if !l.report.ok || !lead.report.ok {
		return 0, false
	}
	d := int64(l.report.ntp - lead.report.ntp)
	if d > maxBetween || d < -maxBetween {
		return 0, false
	}
	d = (d>>8*int64(l.rate) + 1<<23) >> 24
	return lead.feedTime(lead.report.time, l.rate) + d - l.report.time, true
}

// byArrival is the offset of l that makes what came at one time be of one time.
func (l *line) byArrival(lead *line) int64 {
	d := int64(media.FromDuration(l.at.Sub(lead.at), l.rate))
	return lead.feedTime(lead.last, l.rate) + d - l.last
}

// place ties l to the feed's clock by its reports, or by arrival where there are none that can be meant.
func (l *line) place(lead *line) {
	l.placed, l.apart = true, nil
	l.offset, l.guess = l.byArrival(lead), true
	if exact, ok := l.byReport(lead); ok && l.span(exact-l.offset).Abs() <= maxDistrust {
		l.offset, l.guess = exact, false
	}
}

// follow moves l to where a new report of it says that it is, once it has moved too far away; it gives back by how much.
func (l *line) follow(lead *line) time.Duration {
	exact, ok := l.byReport(lead)
	if !ok || l.span(exact-l.byArrival(lead)).Abs() > maxDistrust {
		return 0
	}
	if l.guess {
		by := l.span(exact - l.offset)
		l.offset, l.guess = exact, false
		return by
	}
	l.apart = append(l.apart, exact-l.offset)
	if len(l.apart) < judges {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l.apart))
	l.apart = l.apart[1:]
	by := sorted[judges/2]
	if l.span(by).Abs() <= maxApart {
		return 0
	}
	if l.rate == soundRate { // whole frames: one is left out, or there is room for one
		by = (by + soundFrame/2*sign(by)) / soundFrame * soundFrame
	}
	l.offset += by
	l.apart = nil
	return l.span(by)
}

// span is a number of ticks as a length of time.
func (l *line) span(ticks int64) time.Duration { return media.Ticks(ticks).Duration(l.rate) }

func sign(v int64) int64 {
	if v < 0 {
		return -1
	}
	return 1
}
