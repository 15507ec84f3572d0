package window

import (
	"time"

	"weir/internal/media"
)

// stand is where a row lies, as far as it is known.
type stand struct {
	run      *media.Run       // nil: there is no row
	segments []*media.Segment // beside its tracks; nil: not closed
	start    time.Time        // of the lead
	lasts    time.Duration    // likewise; 0: not known yet
}

func standOf(r *media.Row) stand {
	if r == nil {
		return stand{}
	}
	return stand{run: r.Run, segments: r.Segments, start: r.Start, lasts: r.Duration}
}

// fits tells whether a row may be listed behind s.
func (s stand) fits(next stand) bool {
	if next.lasts < 0 || next.lasts > 2*maxTarget {
		return false
	}
	return s.run == nil || !next.start.Before(s.start.Add(s.lasts-s.lasts/2))
}

// follows tells whether a run may be listed behind s without a new beginning of the listing.
func (s stand) follows(run *media.Run) bool {
	return s.run == nil || run.ID == s.run.ID || run.ID == s.run.ID+1
}

// unlisted are the rows behind the listing for manifests: as far as their numbers follow without a hole, and as far as it is known where they
// lie and that they fit there.
func (w *Window) unlisted() []media.OpenRow {
	if w.target == 0 || !w.started {
		return nil
	}
	count, tracks := 0, 0
	for {
		row := w.pending[w.next+uint64(count)]
		if row == nil {
			break
		}
		count++
		tracks += len(row.segments)
	}
	if count == 0 {
		return nil
	}
	rows := make([]media.OpenRow, 0, count)
	segments := make([]media.OpenSegment, tracks)
	before := standOf(w.rows.last())
	for len(rows) < count {
		p := w.pending[w.next+uint64(len(rows))]
		n := len(p.segments)
		row, at, ok := p.show(before, segments[:n:n])
		if !ok {
			break
		}
		rows, segments, before = append(rows, row), segments[n:], at
	}
	return rows
}

// show is the row for manifests, with its segments in the memory that is given, and where it lies. It is false where that is not known
// yet, or it does not fit behind the row before.
func (p *pendingRow) show(before stand, segments []media.OpenSegment) (media.OpenRow, stand, bool) {
	row := media.OpenRow{Number: p.number, Run: p.run, Segments: segments}
	if before.run != nil && before.lasts == 0 || !before.follows(p.run) {
		return row, stand{}, false
	}
	at := stand{run: p.run, segments: p.made}
	placed := false // at says where the lead begins
	for i, o := range p.segments {
		start, known := p.start(i, before)
		scale := p.run.Tracks[i].Timescale
		if known && !placed && (o.done == nil || o.done.Duration > 0) {
			at.start, placed = start.Time(scale), true
			if o.done != nil {
				at.lasts = o.done.Duration.Duration(scale)
			}
			row.Wall, row.Anchor = o.wall, o.anchor
		} else if !known && !placed {
			return row, stand{}, false
		}
		segments[i] = media.OpenSegment{Segment: o.done, Start: start}
		switch {
		case o.done != nil:
			segments[i].Parts = o.done.Parts
		case known:
			segments[i].Parts = o.parts
		}
	}
	if !placed || !before.fits(at) {
		return row, stand{}, false
	}
	for _, o := range p.segments { // of the same row all have the same
		if row.Wall.IsZero() {
			row.Wall = o.wall
		}
		if row.Anchor == (media.Anchor{}) {
			row.Anchor = o.anchor
		}
	}
	row.Wall, row.Anchor = wallOf(row.Wall, at.start), anchorOf(row.Anchor, p.run)
	return row, at, true
}

// start is where the row's segment of that track begins to be presented; false: that is not known yet.
func (p *pendingRow) start(track int, before stand) (media.Ticks, bool) {
	o := p.segments[track]
	switch {
	case o.done != nil:
		return o.done.Start, true
	case before.run == p.run:
		if s := before.segments[track]; s != nil {
			return s.Start + s.Duration, true
		}
		return 0, false
	case track == 0 && p.number == p.run.First:
		return media.FromTime(p.run.Start, p.run.Tracks[0].Timescale), true
	}
	return o.first, len(o.parts) > 0
}

// wallOf is a row's wall clock: where none came with its media, it is that of the timeline.
func wallOf(wall, start time.Time) time.Time {
	if wall.IsZero() {
		return start
	}
	return wall
}

// anchorOf is a row's anchor: where none came with its media, it is that of the run's beginning.
func anchorOf(a media.Anchor, run *media.Run) media.Anchor {
	if a == (media.Anchor{}) {
		return media.Anchor{Segment: run.First, Start: run.Start}
	}
	return a
}
