package vod

import (
	"fmt"
	"time"

	"weir/internal/media"
)

const (
	longestRow = time.Minute      // that is waited for a sync sample
	patience   = 20 * time.Second // and for one that all video tracks have
	largestRow = 1 << 30          // bytes of the lead
)

// plan is where the rows of a title begin.
type plan struct {
	scale   uint32        // ticks a second of borders: those of the lead, which is the first column
	origin  media.Ticks   // where presentation time 0 lies
	borders []media.Ticks // one more than there are rows
	exact   []int         // the lead's sample that is the first behind each of them, but for the last
	forced  int           // borders at no sync sample
	apart   int           // borders where another video track has no sync sample
}

// planner finds the borders.
type planner struct {
	plan
	lead    *column
	others  []*syncs
	segment time.Duration
	next    media.Ticks // from where on a sync sample ends the open row
}

// newPlan decides where the title is cut.
func newPlan(columns []*column, segment time.Duration) (plan, error) {
	p := planner{lead: columns[0], segment: segment}
	p.scale = p.lead.Timescale
	p.origin = p.lead.zero
	var end media.Ticks
	for _, c := range columns {
		if c.Kind != media.Text {
			end = max(end, media.RescaleUp(c.presented(), c.Timescale, p.scale))
		}
		if c != p.lead && c.Kind == media.Video {
			p.others = append(p.others, newSyncs(c))
		}
	}
	if d := (end - p.origin).Duration(p.scale); d <= 0 || d > maxDuration {
		return plan{}, fmt.Errorf("%w: it lasts %v", ErrFile, d)
	}
	limit := maxCuts / len(columns)
	p.begin(p.origin, 0)
	err := p.follow(limit)
	// Where the lead has ended, and others go on for more than is worth a row.
	for at := max(p.next, p.lead.presented()); err == nil && end-at > p.ticks(segment/2); at = p.next {
		err = p.within(limit)
		p.begin(at, p.lead.of.Samples.Len())
	}
	p.borders = append(p.borders, max(end, p.start()+1))
	return p.plan, err
}

// follow sets the borders at the lead's samples.
func (p *planner) follow(limit int) error {
	samples := &p.lead.of.Samples
	late, bytes, lone := int32(0), int64(0), -1
	var loneAt media.Ticks
	longest := p.ticks(longestRow)
	for i, s := range samples.Samples(0, samples.Len()) {
		if i == 0 {
			late = s.CTS
		}
		at := p.lead.place(&s, &late)
		if i == 0 { // it may begin late
			for at-p.start() > p.ticks(p.segment*3/2) {
				if err := p.within(limit); err != nil {
					return err
				}
				p.begin(min(p.next, at), 0)
			}
			if len(p.borders) > 1 && at > p.start() {
				p.begin(at, 0)
			}
		}
		bytes += int64(s.Size)
		if i == p.exact[len(p.exact)-1] {
			continue
		}
		if s.Sync && at >= p.next && !p.isRest(at) {
			agreed := p.agree(at)
			switch {
			case agreed || at-p.start() > p.ticks(max(patience, 2*p.segment)):
				p.begin(at, i)
				bytes, lone = int64(s.Size), -1
				if !agreed {
					p.apart++
				}
			default:
				lone, loneAt = i, at
			}
		}
		if ends := at + media.Rescale(media.Ticks(s.Duration), p.lead.scale, p.scale); ends-p.start() > longest || bytes > largestRow {
			switch {
			case lone >= 0:
				p.begin(loneAt, lone)
				p.apart++
			case i > p.exact[len(p.exact)-1] && at > p.start():
				p.begin(at, i)
				p.forced++
			}
			bytes, lone = int64(s.Size), -1
		}
		if err := p.within(limit); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) within(limit int) error {
	if len(p.borders) > limit {
		return fmt.Errorf("%w: it makes more than %d segments a track", ErrFile, limit)
	}
	return nil
}

// begin begins a row.
func (p *planner) begin(at media.Ticks, sample int) {
	p.borders, p.exact = append(p.borders, at), append(p.exact, sample)
	p.next = p.origin + media.NextBorder(at-p.origin, p.scale, p.segment)
}

// isRest tells whether so little music is left at that point that it is no row of its own: players stumble over segments of a few samples.
func (p *planner) isRest(at media.Ticks) bool {
	return p.lead.Kind == media.Audio && p.lead.presented()-at < p.ticks(p.segment/8)
}

// start is where the open row begins.
func (p *planner) start() media.Ticks { return p.borders[len(p.borders)-1] }

func (p *planner) ticks(d time.Duration) media.Ticks { return media.FromDuration(d, p.scale) }

// agree tells whether all other video tracks that are there have a sync sample at that place of the lead.
func (p *planner) agree(at media.Ticks) bool {
	for _, o := range p.others {
		if !o.near(media.Rescale(at, p.scale, o.column.Timescale)) {
			return false
		}
	}
	return true
}

// syncs are the places of a video track's sync samples.
type syncs struct {
	column *column
	slack  media.Ticks
	first  media.Ticks // of all samples
	places []media.Ticks
}

func newSyncs(c *column) *syncs {
	s := &syncs{column: c, slack: c.slack()}
	late := int32(0)
	for i, sample := range c.of.Samples.Samples(0, c.of.Samples.Len()) {
		if i == 0 {
			late = sample.CTS
		}
		at := c.place(&sample, &late)
		if i == 0 {
			s.first = at
		}
		if sample.Sync {
			s.places = append(s.places, at)
		}
	}
	return s
}

// near tells whether there is one at that point, or nothing of the track. Points rise from call to call.
func (s *syncs) near(at media.Ticks) bool {
	for len(s.places) > 0 && s.places[0] < at-s.slack {
		s.places = s.places[1:]
	}
	return len(s.places) > 0 && s.places[0] <= at+s.slack || at < s.first-s.slack || at >= s.column.presented()
}
