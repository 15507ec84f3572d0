package vod

import (
	"time"

	"weir/internal/media"
)

// GOPs is how far apart a track's sync samples are presented: where it can be cut, and where players can begin.
type GOPs struct {
	Count                      int // of sync samples
	Shortest, Average, Longest time.Duration
}

// GOPs goes over the track's samples. The last group lasts to the track's end, and is not the shortest: the end cuts it. What stands before the
// first sync sample is none.
func (t *Track) GOPs() GOPs {
	var g GOPs
	begin, first, scale := int64(0), int64(0), t.Format.Clock.Timescale
	add := func(until int64) {
		d := media.Ticks(until - begin).Duration(scale)
		if g.Longest == 0 {
			g.Shortest = d
		}
		g.Shortest, g.Longest = min(g.Shortest, d), max(g.Longest, d)
	}
	for _, s := range t.Samples.Samples(0, t.Samples.Len()) {
		if !s.Sync {
			continue
		}
		if g.Count > 0 {
			add(s.PTS())
		} else {
			first = s.PTS()
		}
		g.Count++
		begin = s.PTS()
	}
	if g.Count == 0 {
		return g
	}
	end, shortest := max(t.Samples.Stats().Last, begin), g.Shortest
	if add(end); g.Count > 1 {
		g.Shortest = shortest
	}
	g.Average = media.Ticks(end-first).Duration(scale) / time.Duration(g.Count)
	return g
}
