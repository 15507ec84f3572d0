package vod

import (
	"cmp"
	"slices"
	"sort"

	"weir/internal/media"
	"weir/packager"
)

// textScale is ticks a second of cues: that of all text tracks.
const textScale = 90000

// Cues are what a file of subtitles says, in the order in which it is said. They are immutable, and have no pointers but to all of them.
type Cues struct {
	bodies []byte // of their VTTCueBoxes, one behind the other
	cues   []cue
	reach  []media.Ticks // where the last ends of each cueBlock of them
}

// cue is a cue of a file.
type cue struct {
	from, to media.Ticks // in 1/90000 s
	at       uint32      // its body, which ends where the next one begins
}

const (
	cueBlock = 64
	cueBytes = 24 // that a cue takes
)

// Len is how many there are.
func (c *Cues) Len() int {
	if c == nil {
		return 0
	}
	return len(c.cues)
}

// Memory is how many bytes they take.
func (c *Cues) Memory() int {
	if c == nil {
		return 0
	}
	return len(c.bodies) + cueBytes*len(c.cues) + 8*len(c.reach)
}

// newCues packs cues that lie on the timeline. crowded is how many were left out, as too many others are shown when they begin.
func newCues(lines []media.Line, shift media.Ticks) (c *Cues, crowded int) {
	at := func(l *media.Line) (from, to media.Ticks) {
		return max(media.FromDuration(l.Start, textScale)+shift, 0), media.FromDuration(l.End, textScale) + shift
	}
	lines = slices.DeleteFunc(slices.Clone(lines), func(l media.Line) bool { from, to := at(&l); return to <= from })
	slices.SortStableFunc(lines, func(a, b media.Line) int { return cmp.Compare(a.Start, b.Start) })
	c = &Cues{cues: make([]cue, 0, len(lines))}
	var shown []media.Ticks // where those end that are shown
	for i := range lines {
		from, to := at(&lines[i])
		shown = slices.DeleteFunc(shown, func(end media.Ticks) bool { return end <= from })
		if len(shown) == packager.MaxTogether {
			crowded++
			continue
		}
		shown = append(shown, to)
		c.cues = append(c.cues, cue{from, to, uint32(len(c.bodies))})
		c.bodies = append(c.bodies, packager.CueBody(&lines[i])...)
	}
	for block := range slices.Chunk(c.cues, cueBlock) {
		c.reach = append(c.reach, slices.MaxFunc(block, func(a, b cue) int { return cmp.Compare(a.to, b.to) }).to)
	}
	c.bodies, c.cues = slices.Clip(slices.Clone(c.bodies)), slices.Clip(slices.Clone(c.cues))
	return c, crowded
}

// end is where the last of them ends.
func (c *Cues) end() media.Ticks {
	if len(c.reach) == 0 {
		return 0
	}
	return slices.Max(c.reach)
}

// starts is how many of them begin before a point.
func (c *Cues) starts(at media.Ticks) int {
	return sort.Search(len(c.cues), func(i int) bool { return c.cues[i].from >= at })
}

// between are the cues of which something lies between two points, moved by shift.
func (c *Cues) between(from, to, shift media.Ticks) []packager.Cue {
	var all []packager.Cue
	last := c.starts(to)
	for i := 0; i < last; i++ {
		if i%cueBlock == 0 && c.reach[i/cueBlock] <= from {
			i += cueBlock - 1
			continue
		}
		if q := &c.cues[i]; q.to > from {
			all = append(all, packager.Cue{From: q.from + shift, To: q.to + shift, Source: uint32(i), Body: c.body(i)})
		}
	}
	return all
}

// body is that of a VTTCueBox.
func (c *Cues) body(i int) []byte {
	end := len(c.bodies)
	if i+1 < len(c.cues) {
		end = int(c.cues[i+1].at)
	}
	return c.bodies[c.cues[i].at:end:end]
}
