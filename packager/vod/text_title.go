package vod

import (
	"fmt"
	"time"

	"weir/packager"
)

// cues cuts a file of subtitles: every row has a segment, also where nothing is said.
func (k *cutter) cues() {
	for _, at := range k.borders[:len(k.borders)-1] {
		k.open(0, at)
	}
	for row := range k.cuts {
		data, first := k.say(row, uint64(row))
		k.cuts[row].size, k.cuts[row].key = int64(len(data)), uint32(first)
	}
}

// say is the segment of a row of a file of subtitles, which has that number, and where its first sample ends. It is nil where the row is too
// short to have any.
func (c *column) say(row int, number uint64) (data []byte, first int) {
	from, to, shift := c.cuts[row].start, c.next(row), c.time(0)
	if to <= from {
		return nil, 0
	}
	return packager.TextSegment(c.of.Cues.between(from-shift, to-shift, shift), from, to, uint32(number)+1)
}

// Problems says in words what of the inputs is left out that Index.Problem does not tell of.
func (t *Title) Problems() []string {
	var all []string
	for i, part := range t.parts {
		for _, p := range part.Problems() {
			all = append(all, fmt.Sprintf("title %d: %s", i+1, p))
		}
	}
	for _, c := range t.columns {
		if c.of.Cues == nil {
			continue
		}
		if n := c.of.Cues.Len() - c.of.Cues.starts(c.end-c.time(0)); n > 0 {
			end := (c.end - c.zero).Duration(c.Timescale).Round(time.Millisecond)
			all = append(all, fmt.Sprintf("%s: %s behind the end of the title, which is at %v", c.Name, leftOut(n, "begin"), end))
		}
	}
	return all
}
