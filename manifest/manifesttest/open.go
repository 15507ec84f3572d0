package manifesttest

import (
	"slices"
	"time"

	"weir/internal/media"
)

// openRow is a row of which only a part is there yet.
type openRow struct {
	row    *media.Row
	parts  []int // beside row.Segments: how many parts are there
	closed []bool
}

// begun tells whether an edge would have heard of the row.
func (o *openRow) begun() bool {
	for i := range o.parts {
		if o.parts[i] > 0 || o.closed[i] {
			return true
		}
	}
	return false
}

// Plan begins a row as Row makes it, of which nothing is there yet: Part, Close and Complete let it come.
func (c *Channel) Plan(d time.Duration, bitrate int) {
	row := c.made(d, bitrate)
	c.open = append(c.open, &openRow{row: row, parts: make([]int, len(row.Segments)), closed: make([]bool, len(row.Segments))})
}

// Part lets the next part of a planned segment of the track come. It is false where all parts are there of those that are
// planned, or a segment must be closed before.
func (c *Channel) Part(track string) bool {
	for _, o := range c.open {
		i := column(o.row.Run, track)
		if i < 0 || o.closed[i] {
			continue
		}
		if o.parts[i] == len(o.row.Segments[i].Parts) {
			return false
		}
		o.parts[i]++
		return true
	}
	return false
}

// Close lets all that is missing of the track's oldest open segment come. It is false where there is none.
func (c *Channel) Close(track string) bool {
	for _, o := range c.open {
		i := column(o.row.Run, track)
		if i < 0 || o.closed[i] {
			continue
		}
		o.parts[i], o.closed[i] = len(o.row.Segments[i].Parts), true
		c.list()
		return true
	}
	return false
}

// Complete lets all that is planned come.
func (c *Channel) Complete() {
	for _, o := range c.open {
		for i := range o.closed {
			o.parts[i], o.closed[i] = len(o.row.Segments[i].Parts), true
		}
	}
	c.list()
}

// Planned is how many rows are planned that are not complete.
func (c *Channel) Planned() int { return len(c.open) }

// list makes complete rows of open ones.
func (c *Channel) list() {
	for len(c.open) > 0 && !slices.Contains(c.open[0].closed, false) {
		row := c.open[0].row
		c.rows = append(c.rows, row)
		c.open = c.open[1:]
		for _, seg := range row.Segments {
			if !seg.Gap() {
				c.rates[seg.Track] = seg.Rate
			}
		}
		c.now = row.End().Add(250 * time.Millisecond)
	}
}

// openRows are Window.Open.
func (c *Channel) openRows() []media.OpenRow {
	var rows []media.OpenRow
	for _, o := range c.open {
		if !o.begun() {
			break
		}
		open := media.OpenRow{Number: o.row.Number, Run: o.row.Run, Wall: o.row.Wall, Anchor: o.row.Anchor}
		for i, seg := range o.row.Segments {
			s := media.OpenSegment{Start: seg.Start, Parts: slices.Clip(seg.Parts[:o.parts[i]])}
			if o.closed[i] {
				s.Segment = seg
			}
			open.Segments = append(open.Segments, s)
		}
		rows = append(rows, open)
	}
	return rows
}

// chunks cuts a segment as Track.Part says: into chunks of that length and one shorter at its end.
func chunks(t media.Track, length media.Ticks, bitrate int, cutIDR bool) []media.Part {
	each := length
	if t.Part > 0 {
		each = media.RescaleDown(media.Ticks(t.Part), uint32(time.Second), t.Timescale)
		if t.Kind == media.Audio { // whole frames
			each = media.FromDuration(t.Part, t.Timescale) / audioFrame * audioFrame
		}
		each = max(1, each)
	}
	var parts []media.Part
	offset := 0
	for at := media.Ticks(0); at < length; at += each {
		p := media.Part{Offset: offset, Duration: min(each, length-at), Independent: t.Kind != media.Video || at == 0 && !cutIDR}
		p.Size = max(1, int(float64(bitrate)*p.Duration.Seconds(t.Timescale)/8))
		if p.Independent {
			p.Key = (p.Size + 2) / 3
		}
		offset += p.Size
		parts = append(parts, p)
	}
	return parts
}

func column(run *media.Run, track string) int {
	return slices.IndexFunc(run.Tracks, func(t media.Track) bool { return t.Name == track })
}
