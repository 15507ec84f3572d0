package packager

import (
	"slices"
	"time"

	"weir/internal/media"
)

// Bounds on what a feed's text track may have that no row has taken yet.
const (
	maxTold      = 1024
	maxToldBytes = 4 << 20
	maxTextBytes = 512 << 10 // of a sample
	// maxTextApart is how far from the feed's newest sample a sample of text may stand: farther ones are of another clock.
	maxTextApart = 60 * time.Second
)

// told is the script of a text track that comes with the feed. Each sample holds for a stretch of time. Where a row's border cuts one,
// it is in both rows, as ISO/IEC 14496-30 has it.
type told struct {
	codec   media.Codec
	cells   []cell      // in order, without overlaps
	bytes   int         // of all cells
	horizon media.Ticks // where the newest sample that came ends
	late    bool        // it has let a row wait in vain, and has not come in time since
}

// cell is a sample and where it holds.
type cell struct {
	from, to media.Ticks
	data     []byte
}

// tell takes a sample in. It is false where there is no room for it.
func (s *told) tell(c cell) bool {
	if len(s.cells) >= maxTold || s.bytes+len(c.data) > maxToldBytes {
		return false
	}
	s.horizon = max(s.horizon, c.to)
	at, _ := slices.BinarySearchFunc(s.cells, c.from, func(o cell, from media.Ticks) int { return int(o.from - from) })
	if at > 0 {
		c.from = max(c.from, s.cells[at-1].to)
	}
	if at < len(s.cells) {
		c.to = min(c.to, s.cells[at].from)
	}
	if c.from < c.to {
		s.cells = slices.Insert(s.cells, at, c)
		s.bytes += len(c.data)
	}
	return true
}

func (s *told) awaits(to media.Ticks) bool { return !s.late && s.horizon < to }

func (s *told) cut(from, to media.Ticks) []timed {
	var out []timed
	at := from
	say := func(until media.Ticks, data []byte) {
		if until > at {
			out = append(out, timed{dts: at, pts: at, pos: at, duration: until - at, sync: true, data: data})
			at = until
		}
	}
	gone := 0
	for _, c := range s.cells {
		if c.from >= to {
			break
		}
		if c.to > from {
			say(c.from, emptyText(s.codec))
			say(min(c.to, to), c.data)
		}
		if c.to <= to {
			s.bytes -= len(c.data)
			gone++
		}
	}
	s.cells = slices.Delete(s.cells, 0, gone)
	say(to, emptyText(s.codec))
	return out
}

// clear forgets all: the feed's clock is another one.
func (s *told) clear() { s.cells, s.bytes, s.horizon = nil, 0, 0 }

// move puts all by so much later. Documents of XML are told of it when the clock is anchored anew only: it is less than a frame.
func (s *told) move(by media.Ticks) {
	for i := range s.cells {
		s.cells[i].from += by
		s.cells[i].to += by
	}
	s.horizon += by
}

// tell maps a sample of text to the channel timeline and hands it to its track.
func (p *Packager) tell(t *track, a arrival) error {
	if !p.feed.anchored {
		p.drop(Unused, 1) // where it belongs is not known before there is sound or picture
		return nil
	}
	expected := p.feed.sourceTime(t.source.Timescale)
	from := t.unroll(a.PTS, expected)
	if a.Duration <= 0 || len(a.Data) > maxTextBytes || !t.within(a.PTS) || !t.within(a.Duration) {
		p.drop(Malformed, 1)
		return nil
	}
	if distance(from, expected) > t.span(maxTextApart) || a.Duration > t.span(maxTextApart) {
		p.drop(Clock, 1)
		return nil
	}
	c := cell{
		from: media.Rescale(from, t.source.Timescale, t.scale) + t.offset,
		to:   media.Rescale(from+a.Duration, t.source.Timescale, t.scale) + t.offset, data: a.Data,
	}
	if t.Codec == media.STPP {
		data, err := shiftTTML(a.Data, t.offset.Duration(t.scale))
		if err != nil {
			p.drop(Malformed, 1)
			p.problem(a.at, "track "+t.Name+": a document is left out: "+err.Error())
			return nil
		}
		c.data = data
	}
	s := t.told
	if t.cut != nil && c.to <= t.cut.start {
		p.drop(Stale, 1)
		return nil
	}
	s.late = s.late && t.cut == nil
	if !s.tell(c) {
		p.drop(Overflow, 1)
	}
	return p.pump(a.at)
}
