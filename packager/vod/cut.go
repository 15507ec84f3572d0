package vod

import (
	"fmt"
	"math"

	"weir/internal/media"
	"weir/packager"
	"weir/packager/moof"
)

// cut is where a column's segment of a row begins.
type cut struct {
	start media.Ticks // presentation time
	size  int64       // bytes; 0: it is a gap
	first uint32      // sample
	key   uint32      // bytes up to the end of the first sample, where that is a sync sample; else 0
	keys  uint32      // bytes of all sync samples, of video
}

// hole is what fraction of a second may be between two samples that follow on each other.
const hole = 4

// cutter cuts a column where the rows of the title begin.
type cutter struct {
	*column
	borders []media.Ticks // in ticks of the column; the last is where the title ends
	exact   []int         // of the lead: the sample that each border is before
	slack   media.Ticks
	samples []moof.Sample // of the open segment
	dts     media.Ticks   // of the first of them
	until   media.Ticks   // where the sample before ends, by its place
}

// cut finds the column's segments, and measures them. lead tells that the plan was made by the column's samples.
func (c *column) cut(p *plan, lead bool) error {
	k := cutter{column: c, borders: make([]media.Ticks, len(p.borders))}
	for i, b := range p.borders {
		k.borders[i] = media.RescaleUp(b, p.scale, c.Timescale)
	}
	c.cuts = make([]cut, 0, len(p.borders)-1)
	c.end = k.borders[len(k.borders)-1]
	switch {
	case c.of.Cues != nil:
		k.cues()
		return nil
	case c.Kind == media.Text:
		return k.text()
	}
	k.slack = c.slack()
	if lead {
		k.exact = p.exact
	}
	if err := k.run(); err != nil {
		return err
	}
	if last := c.cuts[len(c.cuts)-1]; last.size > 0 {
		c.end = max(c.presented(), last.start+1)
	}
	return nil
}

// run goes over all samples once.
func (k *cutter) run() error {
	rows := len(k.borders) - 1
	k.open(0, k.borders[0])
	late := int32(0)
	for i, s := range k.of.Samples.Samples(0, k.of.Samples.Len()) {
		if i == 0 {
			late = s.CTS
		}
		at, crossed := k.place(&s, &late), false
		for row := len(k.cuts); row < rows && k.reached(i, &s, at, row); row++ {
			if err := k.close(); err != nil {
				return err
			}
			k.open(i, k.borders[row])
			crossed = true
		}
		if i == 0 && !crossed && k.early == 0 { // where the init segment says so, what is before the beginning is not presented
			k.cuts[0].start = at
		}
		if crossed && i > 0 && (k.Kind == media.Video || at-k.until <= media.Ticks(k.Timescale)/hole) {
			k.cuts[len(k.cuts)-1].start = at // its own: nothing is missing before it
		}
		if k.Kind == media.Video {
			k.lead(k.time(s.PTS()))
		}
		e, err := k.entry(&s)
		if err != nil {
			return err
		}
		if len(k.samples) == 0 {
			k.dts = k.decoded(s.DTS)
		}
		k.samples = append(k.samples, e)
		k.until = at + media.Ticks(e.Duration)
	}
	if err := k.close(); err != nil {
		return err
	}
	for len(k.cuts) < rows {
		k.open(k.of.Samples.Len(), k.borders[len(k.cuts)])
	}
	return nil
}

// lead takes in when a picture of the open segment is presented. One that leads the sync sample is presented before it, and so the segment begins
// with that.
func (k *cutter) lead(pts media.Ticks) {
	n := len(k.cuts) - 1
	if pts < k.cuts[n].start && (n == 0 || pts > k.cuts[n-1].start) {
		k.cuts[n].start = pts
	}
}

// reached tells whether a sample is the first of that row: of the lead it is known which one is, other video begins with its own sync sample
// near the border, where it has one, and audio is rounded up to its own sample.
func (k *cutter) reached(i int, s *Sample, at media.Ticks, row int) bool {
	border := k.borders[row]
	switch {
	case k.exact != nil:
		return i >= k.exact[row]
	case k.Kind == media.Video && s.Sync:
		return at >= border-k.slack
	case k.Kind == media.Video:
		return at >= border+k.slack
	}
	return at >= border
}

// open begins the segment of the next row.
func (k *cutter) open(sample int, start media.Ticks) {
	k.cuts = append(k.cuts, cut{start: start, first: uint32(sample)})
	k.samples = k.samples[:0]
}

// close measures the segment that is open.
func (k *cutter) close() error {
	if len(k.samples) == 0 {
		return nil
	}
	row := len(k.cuts) - 1
	return k.measure(row, &moof.Chunk{Start: k.dts, Samples: k.samples, First: true})
}

// measure notes the size of a row's segment.
func (c *column) measure(row int, chunk *moof.Chunk) error {
	head, payload := chunk.Size()
	if payload > math.MaxUint32-8 {
		return fmt.Errorf("%w: segment %d of track %s has %d bytes", ErrFile, row, c.Name, payload)
	}
	k := &c.cuts[row]
	k.size = int64(head) + int64(payload)
	if first := &chunk.Samples[0]; first.Sync {
		k.key = uint32(head) + first.Size
	}
	if c.Kind == media.Video {
		for i := range chunk.Samples {
			if s := &chunk.Samples[i]; s.Sync {
				k.keys += s.Size
			}
		}
	}
	return nil
}

// next is where the segment behind that of a row begins.
func (c *column) next(row int) media.Ticks {
	if row+1 < len(c.cuts) {
		return c.cuts[row+1].start
	}
	return c.end
}

// chunk is what the segment of a row is made of; each gets the samples too, in order. There must be some.
func (c *column) chunk(row int, each func(*Sample)) (moof.Chunk, error) {
	chunk := moof.Chunk{Track: packager.TrackID, First: true}
	from, to := int(c.cuts[row].first), c.of.Samples.Len()
	if row+1 < len(c.cuts) && c.Kind != media.Text {
		to = int(c.cuts[row+1].first)
	}
	if c.Kind != media.Text {
		chunk.Samples = make([]moof.Sample, 0, to-from)
	}
	for _, s := range c.of.Samples.Samples(from, to) {
		e, err := c.entry(&s)
		if err != nil {
			return chunk, err
		}
		dts := c.decoded(s.DTS)
		if c.Kind == media.Text {
			if dts >= c.next(row) {
				break
			}
			end := min(dts+media.Ticks(e.Duration), c.next(row))
			if dts = max(dts, c.cuts[row].start); end <= dts {
				continue
			}
			e.Duration = uint32(end - dts)
		}
		if len(chunk.Samples) == 0 {
			chunk.Start = dts + c.early
		}
		chunk.Samples = append(chunk.Samples, e)
		each(&s)
	}
	return chunk, nil
}
