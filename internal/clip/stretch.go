package clip

import (
	"time"

	"weir/internal/media"
)

// slack is by how much a clip may begin before the window or end behind it: a status tells where the window lies on the channel's
// timeline, which may be off the wall clock by 200 ms, and rounds to milliseconds.
const slack = 250 * time.Millisecond

// maxRows is how many rows a clip may have: 24 hours of the shortest segments are fewer.
const maxRows = 1 << 18

// began is when a row begins by the wall clock, as players are told.
func began(row *media.Row) time.Time { return row.Wall }

// ended is when a row ends by the wall clock.
func ended(row *media.Row) time.Time { return row.Wall.Add(row.Duration) }

// cut is the rows From ≤ i < To of a window.
type cut struct {
	window   *media.Window
	from, to int
}

func (c *cut) Len() int            { return c.to - c.from }
func (c *cut) At(i int) *media.Row { return c.window.Rows.At(c.from + i) }
func (c *cut) last() *media.Row    { return c.At(c.Len() - 1) }

// stretch is what a clip from start to end keeps of the window: the rows that reach into it, and before them those back to where
// decoding can start.
func stretch(w *media.Window, start, end time.Time) (*cut, error) {
	n := 0
	if w.Rows != nil {
		n = w.Rows.Len()
	}
	if n == 0 {
		return nil, &RangeError{Channel: w.Channel, Problem: "there is nothing to keep"}
	}
	oldest, newest := began(w.Rows.At(0)), ended(w.Rows.At(n-1))
	outside := func(problem string) error {
		return &RangeError{Channel: w.Channel, Oldest: oldest, Newest: newest, Problem: problem}
	}
	switch {
	case start.Before(oldest.Add(-slack)):
		return nil, outside("the stretch begins before the window")
	case end.After(newest.Add(slack)):
		return nil, outside("the stretch ends behind the window")
	}
	// Walls rise from row to row, but for jitter: a search by halves could miss a row, a walk does not.
	c := &cut{window: w, from: n, to: 0}
	for i := range n {
		row := w.Rows.At(i)
		if c.from == n && ended(row).After(start) {
			c.from = i
		}
		if began(row).Before(end) {
			c.to = i + 1
		}
	}
	if c.from >= c.to {
		return nil, outside("there is no media in the stretch")
	}
	for c.from > 0 && !independent(c.At(0)) && c.window.Rows.At(c.from-1).Run.ID == c.At(0).Run.ID {
		c.from--
	}
	if c.Len() > maxRows {
		return nil, &FieldError{Field: "end", Problem: "the stretch has more segments than a clip may have"}
	}
	return c, nil
}

// independent tells whether decoding of the lead track can start at the row.
func independent(row *media.Row) bool {
	s := row.Segments[0]
	return s == nil || s.Gap() || len(s.Parts) == 0 || s.Parts[0].Independent
}

// tracks are those that any of the rows' runs has, in the window's order, each as its newest run describes it.
func (c *cut) tracks() []media.Track {
	newest := make(map[string]media.Track)
	var run *media.Run
	for i := range c.Len() {
		if r := c.At(i).Run; r != run {
			for _, t := range r.Tracks {
				newest[t.Name] = t
			}
			run = r
		}
	}
	var out []media.Track
	for _, t := range c.window.Tracks {
		if now, ok := newest[t.Name]; ok {
			out = append(out, now)
			delete(newest, t.Name)
		}
	}
	return out
}

// rates are those of the kept segments.
func (c *cut) rates() map[string]media.Rate {
	out, sums := make(map[string]media.Rate), make(map[string]float64)
	bits := make(map[string]float64)
	for i := range c.Len() {
		row := c.At(i)
		for k, t := range row.Run.Tracks {
			s := row.Segments[k]
			if s == nil || s.Gap() || s.Duration <= 0 {
				continue
			}
			r := out[t.Name]
			d := s.Duration.Seconds(t.Timescale)
			bits[t.Name] += float64(s.Bytes) * 8
			sums[t.Name] += d
			r.Peak = max(r.Peak, int(float64(s.Bytes)*8/d))
			r.Average = int(bits[t.Name] / sums[t.Name])
			out[t.Name] = r
		}
	}
	return out
}

// bytes is how much media there is.
func (c *cut) bytes() int64 {
	n := int64(0)
	for i := range c.Len() {
		for _, s := range c.At(i).Segments {
			if s != nil {
				n += s.Bytes
			}
		}
	}
	return n
}
