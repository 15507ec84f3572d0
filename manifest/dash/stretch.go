package dash

import (
	"sort"
	"strconv"
	"time"

	"weir/internal/media"
)

// stretch is what a Period has: rows of one run that hang on one anchor.
type stretch struct {
	run    *media.Run
	anchor media.Anchor
	from   int // rows from ≤ i < to of the window
	to     int
	open   []media.OpenRow // behind them
	last   bool            // more may come
}

// stretches cuts the window's rows, and with open those that are being made. It does not look at each of them.
func stretches(w *media.Window, open bool) []stretch {
	var all []stretch
	n := w.Rows.Len()
	for i := 0; i < n; {
		row := w.Rows.At(i)
		s := stretch{run: row.Run, anchor: anchorOf(row.Run, row.Anchor), from: i}
		s.to = i + 1 + sort.Search(n-i-1, func(k int) bool {
			next := w.Rows.At(i + 1 + k)
			return !s.holds(next.Run, next.Anchor)
		})
		all = append(all, s)
		i = s.to
	}
	if open {
		for i := range w.Open {
			row := &w.Open[i]
			if s := &all[len(all)-1]; s.holds(row.Run, row.Anchor) {
				s.open = append(s.open, *row)
				continue
			}
			if !ready(row) {
				break
			}
			all = append(all, stretch{
				run: row.Run, anchor: anchorOf(row.Run, row.Anchor), from: n, to: n, open: []media.OpenRow{*row},
			})
		}
	}
	all[len(all)-1].last = true
	return all
}

// holds tells whether a row of that run and anchor belongs to the stretch.
func (s *stretch) holds(run *media.Run, a media.Anchor) bool {
	return run.ID == s.run.ID && anchorOf(run, a).Segment == s.anchor.Segment
}

// ready tells whether a Period may begin with the open row: where each track begins is known.
func ready(row *media.OpenRow) bool {
	for i := range row.Segments {
		if row.Segments[i].Segment == nil && len(row.Segments[i].Parts) == 0 {
			return false
		}
	}
	return true
}

// anchorOf is a row's anchor. The zero one is that of its run's beginning.
func anchorOf(run *media.Run, a media.Anchor) media.Anchor {
	if a.Start.IsZero() {
		return media.Anchor{Segment: run.First, Start: run.Start}
	}
	return a
}

// id is the Period's, stable for as long as the channel's window is kept.
func (s *stretch) id() string {
	id := "p" + strconv.FormatUint(s.run.ID, 10)
	if s.anchor.Segment != s.run.First {
		id += "-" + strconv.FormatUint(s.anchor.Segment, 10)
	}
	return id
}

// start is where the Period begins on the MPD's timeline, counted from the epoch.
func (s *stretch) start() time.Duration {
	return time.Duration(s.anchor.Start.UnixNano()) + s.anchor.Shift
}

// column is the place of the track of that name in the stretch's run, or -1.
func (s *stretch) column(track string) int {
	for i := range s.run.Tracks {
		if s.run.Tracks[i].Name == track {
			return i
		}
	}
	return -1
}

// origin is the point of the channel timeline at which the Period begins: in a static MPD that of its first row.
func (b *builder) origin(s *stretch) time.Time {
	if b.window.Ended {
		return b.window.Rows.At(s.from).Start
	}
	return s.anchor.Start
}

// periodTimes are the attributes start and duration of the Period of cut[i].
func (b *builder) periodTimes(cut []stretch, i int) []byte {
	s := &cut[i]
	if b.window.Ended { // one after the other: nobody is to wait where the channel was off air
		length := b.window.Rows.At(s.to - 1).End().Sub(b.origin(s))
		text := appendAttribute(nil, "start", b.length)
		b.length += length
		return appendAttribute(text, "duration", length)
	}
	start := s.start()
	text := appendAttribute(nil, "start", start)
	if s.last {
		return text
	}
	// What the Period has is all there is: a later one has begun. It ends with its last row, or where the next begins, when that is earlier: tracks of
	// other timescales lead a run by less than a tick, and an anchor's shift may move it back.
	end := start
	if s.to > s.from {
		end += b.window.Rows.At(s.to - 1).End().Sub(s.anchor.Start)
	}
	if len(s.open) > 0 {
		end = start + b.expectedEnd(s).Sub(s.anchor.Start)
	}
	if next := cut[i+1].start(); next < end {
		end = next
	}
	if end <= start {
		return text
	}
	return appendAttribute(text, "duration", end-start)
}
