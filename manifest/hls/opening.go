package hls

import (
	"time"

	"weir/internal/media"
)

// early tells whether playlists have what is not complete in all tracks yet.
func early(w *media.Window) bool { return w.LowLatency && !w.Ended }

// opening is the first segment of a track that is not closed.
type opening struct {
	number uint64
	run    *media.Run
	prev   *media.Run // of the row before it
	column int
	start  time.Time // of the row
	wall   time.Time
	// segment is nil where no part of it can be listed yet; silent tells that none ever will.
	segment *media.OpenSegment
	silent  bool
	limits  limits // of parts before it
}

// leading hands over the closed segments of the track in open rows that can be listed, oldest first, and gives the segment behind them.
// The window has rows.
func leading(w *media.Window, track string, closed func(entry)) opening {
	newest := w.Rows.At(w.Rows.Len() - 1)
	next, i := opening{number: newest.Number + 1, prev: newest.Run}, 0
	after := endTime(newest.Segments[0])
	for ; i < len(w.Open); i++ {
		row := &w.Open[i]
		if row.Number != next.number {
			break
		}
		start, end, begun, whole := span(row)
		if !begun && row.Run.ID == next.prev.ID && !after.IsZero() { // this track is ahead of the lead, which goes on without a gap
			start, begun = after, true
		}
		c := column(row.Run, track)
		e := entry{number: row.Number, run: row.Run, column: c, start: start, end: end, wall: row.Wall}
		if c >= 0 {
			e.segment = row.Segments[c].Segment
		}
		if open := c >= 0 && e.segment == nil; open {
			next.limit(w.Open[i:], track)
			next.silent = !next.limits.allow(partOf(row.Run, c))
			if s := &row.Segments[c]; begun && len(s.Parts) > 0 && !next.silent { // else it could not be dated
				next.run, next.column, next.start, next.wall, next.segment = row.Run, c, start, row.Wall, s
			}
			return next
		}
		if !begun || e.gap() && !whole { // a gap is as long as the row, which is not known yet
			next.silent = e.gap()
			break
		}
		closed(e)
		next, after = opening{number: row.Number + 1, prev: row.Run}, time.Time{}
		if lead := row.Segments[0].Segment; lead != nil {
			after = endTime(lead)
		}
	}
	next.limit(w.Open[i:], track)
	return next
}

// limit finds the limits that rows set to what comes before them.
func (o *opening) limit(rows []media.OpenRow, track string) {
	for i := range rows {
		o.limits.add(partOf(rows[i].Run, column(rows[i].Run, track)))
	}
}

// endTime is where a track goes on in the next row of the run; zero where it has no media here.
func endTime(s *media.Segment) time.Time {
	if s == nil || s.Gap() {
		return time.Time{}
	}
	return (s.Start + s.Duration).Time(s.Timescale)
}

// span is when an open row begins and ends: with its lead track, that is its first track of any length. begun tells whether its start is known,
// whole whether its end is.
func span(row *media.OpenRow) (start, end time.Time, begun, whole bool) {
	for i := range row.Segments {
		s := &row.Segments[i]
		timescale := row.Run.Tracks[i].Timescale
		switch {
		case s.Segment == nil && len(s.Parts) > 0:
			return s.Start.Time(timescale), time.Time{}, true, false
		case s.Segment == nil:
			return time.Time{}, time.Time{}, false, false
		case s.Segment.Duration > 0:
			start = s.Segment.Start.Time(s.Segment.Timescale)
			return start, start.Add(s.Segment.Duration.Duration(s.Segment.Timescale)), true, true
		}
	}
	return time.Time{}, time.Time{}, false, false
}
