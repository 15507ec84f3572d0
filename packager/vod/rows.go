package vod

import (
	"time"

	"weir/internal/media"
	"weir/packager"
)

// present makes the window of a title that was cut.
func (t *Title) present(segment time.Duration) {
	t.run = &media.Run{Start: t.Origin()}
	longest := time.Duration(0)
	for _, c := range t.columns {
		t.run.Tracks = append(t.run.Tracks, c.Track)
		for row := range c.cuts {
			longest = max(longest, (c.next(row) - c.cuts[row].start).Duration(c.Timescale))
		}
	}
	w := &media.Window{
		Segment: segment, Target: (longest + time.Second - 1).Truncate(time.Second), Rows: titleRows{t}, Ended: true, Undated: true,
		Tracks: t.run.Tracks, Rates: make(map[string]media.Rate),
	}
	for _, c := range t.columns {
		w.Rates[c.Name] = c.rate(w.Target)
	}
	last := t.plan.borders[len(t.plan.borders)-1]
	w.DVR = last.Time(t.plan.scale).Sub(t.Origin())
	t.window = w
}

// rate measures what a column needs, where the target duration is that.
func (c *column) rate(target time.Duration) media.Rate {
	m := packager.NewMeter(target)
	for row := range c.cuts {
		if d := (c.next(row) - c.cuts[row].start).Duration(c.Timescale); c.cuts[row].size > 0 && d > 0 {
			m.Add(c.cuts[row].size, d)
		} else {
			m.Gap()
		}
	}
	return m.Rate()
}

// titleRows are the rows of a title. Each is made when it is asked for.
type titleRows struct{ t *Title }

// Len implements media.Rows.
func (r titleRows) Len() int { return len(r.t.plan.borders) - 1 }

// At implements media.Rows.
func (r titleRows) At(i int) *media.Row {
	t := r.t
	start, end := t.plan.borders[i].Time(t.plan.scale), t.plan.borders[i+1].Time(t.plan.scale)
	row := &media.Row{
		Number: t.run.First + uint64(i), Run: t.run, Start: start, Duration: end.Sub(start), Wall: time.Unix(0, 0).UTC().Add(start.Sub(t.Origin())),
		Anchor:   media.Anchor{Segment: t.run.First, Start: t.run.Start, Shift: time.Unix(0, 0).Sub(t.Origin())},
		Segments: make([]*media.Segment, len(t.columns)),
	}
	segments := make([]media.Segment, len(t.columns))
	parts := make([]media.Part, len(t.columns))
	for k, c := range t.columns {
		s, cut := &segments[k], &c.cuts[i]
		s.SegmentEnd = media.SegmentEnd{
			Track: c.Name, Segment: row.Number, Init: c.Init, Start: cut.start, Duration: c.next(i) - cut.start, Timescale: c.Timescale,
			Bytes: cut.size, Wall: row.Wall, Anchor: row.Anchor, Rate: t.window.Rates[c.Name],
		}
		if cut.size > 0 {
			s.Chunks = 1
			parts[k] = media.Part{Size: int(cut.size), Duration: s.Duration, Independent: cut.key > 0, Key: int(cut.key)}
			s.Parts = parts[k : k+1 : k+1]
			s.Keys = media.Keys{First: cut.key > 0, Size: int(cut.key), Bytes: int64(cut.keys)}
		}
		row.Segments[k] = s
	}
	return row
}

// Segment is the segment of a track in the row of that number; false: there is none, or it is a gap.
func (t *Title) Segment(track string, number uint64) (Segment, bool) {
	c, row, ok := t.segment(track, number)
	if !ok {
		return Segment{}, false
	}
	if c.of.Cues != nil {
		data, _ := c.say(row, number)
		return Segment{Head: data, Size: int64(len(data))}, true
	}
	var s Segment
	chunk, err := c.chunk(row, func(sample *Sample) { s.span(c.file, sample) })
	if err != nil {
		return Segment{}, false // it was measured, so that this cannot be
	}
	chunk.Sequence = uint32(number) + 1
	head, payload := chunk.Size()
	s.Head = chunk.Append(make([]byte, 0, head))
	s.Size = int64(head) + int64(payload)
	return s, true
}

// span takes in where a sample lies.
func (s *Segment) span(file int, sample *Sample) {
	if n := len(s.Spans); n > 0 && s.Spans[n-1].Offset+s.Spans[n-1].Length == sample.Offset {
		s.Spans[n-1].Length += int64(sample.Size)
		return
	}
	s.Spans = append(s.Spans, Span{File: file, Offset: sample.Offset, Length: int64(sample.Size)})
}
