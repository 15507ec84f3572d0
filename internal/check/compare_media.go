package check

import (
	"cmp"
	"math"
	"slices"
)

// looked are the segments of a rendition that were fetched and read, in order.
func (r *rendition) looked() []*listed {
	var list []*listed
	for _, l := range r.segs {
		if l.facts != nil && l.facts.parsed {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b *listed) int { return cmp.Compare(a.number, b.number) })
	return list
}

// compareMedia looks at what the media of the renditions have to have in common: rules 4, 5 and 32.
func (h *hls) compareMedia() {
	var first, video *rendition
	for _, r := range h.followed(false) {
		rows := r.looked()
		r.continuous(rows)
		if len(rows) == 0 {
			continue
		}
		if first == nil {
			first = r
		} else {
			h.sameClock(first, r)
		}
		if !rows[0].facts.video {
			continue
		}
		if video == nil {
			video = r
		} else {
			h.switchable(video, r)
		}
	}
}

// continuous checks that decode times go on from segment to segment, and that durations add up (rule 5).
func (r *rendition) continuous(rows []*listed) {
	told, real := 0.0, 0.0
	for i, l := range rows {
		f := l.facts
		if i == 0 {
			continue
		}
		was := rows[i-1]
		if l.number != was.number+1 || l.begins || l.disc != was.disc || was.facts.timescale != f.timescale {
			told, real = 0, 0
			continue
		}
		off := f.seconds(int64(f.decode - was.facts.end))
		r.h.expect(math.Abs(off) <= 0.0015, ruleDurations, l.at, "segment %d begins at %.4f s, the one before it ends %.4f s before that",
			l.number, f.seconds(int64(f.decode)), off)
		told += was.duration.Seconds()
		real += was.facts.length()
		r.h.expect(math.Abs(told-real) <= f.frameTime()+0.001, ruleDurations, l.at, "EXTINF adds up to %.4f s over what is %.4f s long", told, real)
	}
}

// sameClock checks that program date and time stand in the same relation to media time in both (rule 4).
func (h *hls) sameClock(a, b *rendition) {
	rows := b.looked()
	at := 0
	for _, x := range a.looked() {
		if x.date.IsZero() {
			continue
		}
		for at < len(rows) && (rows[at].disc < x.disc || rows[at].disc == x.disc && rows[at].facts.start()+rows[at].facts.length() <= x.facts.start()) {
			at++
		}
		if at == len(rows) {
			return
		}
		y := rows[at]
		if y.disc != x.disc || y.date.IsZero() || y.facts.start() >= x.facts.start()+x.facts.length() {
			continue
		}
		apart := y.date.Sub(x.date).Seconds() - (y.facts.start() - x.facts.start())
		h.expect(math.Abs(apart) <= 0.2, ruleDate, y.at, "its date is %.3f s off from what %s has for the same media time", apart, a.url)
	}
}

// switchable checks that segments of two video renditions begin at the same instants (rule 32).
func (h *hls) switchable(a, b *rendition) {
	rows := a.looked()
	for _, y := range b.looked() {
		nearest, found := math.Inf(1), false
		for _, x := range rows {
			if x.disc != y.disc {
				continue
			}
			if apart := x.facts.start() - y.facts.start(); math.Abs(apart) < math.Abs(nearest) {
				nearest = apart
			}
			found = found || x.facts.start() <= y.facts.start() && y.facts.start() < x.facts.start()+x.facts.length()
		}
		if found {
			h.expect(math.Abs(nearest) <= 0.002, ruleContainer, y.at, "segment %d begins %.3f s apart from any of %s", y.number, nearest, a.url)
		}
	}
}
