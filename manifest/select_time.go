package manifest

import (
	"slices"
	"sort"
	"time"

	"weir/internal/media"
)

// stretch is some successive rows of others.
type stretch struct {
	rows    media.Rows
	from, n int
}

// Len implements media.Rows.
func (s *stretch) Len() int { return s.n }

// At implements media.Rows.
func (s *stretch) At(i int) *media.Row {
	if i < 0 || i >= s.n {
		panic("manifest: row position out of range")
	}
	return s.rows.At(s.from + i)
}

// began is when a row began by the wall clock.
func began(r *media.Row) time.Time {
	if r.Wall.IsZero() {
		return r.Start
	}
	return r.Wall
}

// border is how far a point in time may be from the border of two rows to count as the border: manifests tell the wall clock in milliseconds, and
// one row's end and the next one's beginning are not exactly the same by it.
const border = 20 * time.Millisecond

// cutEnd is how many of out's rows s.End leaves. Where nothing can be added to them any more, out becomes one that has ended.
func cutEnd(out *media.Window, s Selection) int {
	rows := out.Rows
	n := rows.Len()
	stop := s.End.Add(-border)
	reach := firstEnding(rows, n, func(end time.Time) bool { return !end.Before(stop) })
	if reach < n || s.Over {
		out.Open, out.LowLatency, out.Ended = nil, false, true
		if reach < n && began(rows.At(reach)).Before(stop) {
			reach++
		}
		return reach
	}
	for i := range out.Open {
		if !out.Open[i].Wall.Before(stop) {
			out.Open = out.Open[:i:i]
			if i == 0 {
				out.LowLatency, out.Ended = false, true
			}
			break
		}
	}
	return n
}

// overlap is how many rows can stand in a wrong order by when they end: the wall-clock times of successive rows are not exactly as far
// apart as the rows last.
const overlap = 8

// firstEnding is the first of the first n rows that ends, by the wall clock, when ok says so; n where none does. Once ok holds
// for an end it holds for all later ones.
func firstEnding(rows media.Rows, n int, ok func(end time.Time) bool) int {
	at := func(i int) bool {
		r := rows.At(i)
		return ok(began(r).Add(r.Duration))
	}
	found := sort.Search(n, at)
	for i := max(0, found-overlap); i < found; i++ {
		if at(i) {
			return i
		}
	}
	return found
}

// shortened is the first of the first n rows that a window of that DVR duration lists: the fewest rows that cover it, but
// three target durations of media in every track, and six rows. n is not 0.
func shortened(rows media.Rows, n int, dvr, target time.Duration) int {
	end := rows.At(n - 1).End()
	covers := sort.Search(n-1, func(i int) bool { return end.Sub(rows.At(i+1).Start) < dvr })
	least, listed := n, time.Duration(0)
	for least > 0 && listed < 3*target {
		least--
		listed += shortest(rows.At(least))
	}
	return max(0, min(covers, least, n-minRows))
}

// shortest is how long the row is in the playlist where it is shortest.
func shortest(r *media.Row) time.Duration {
	d := r.Duration
	for _, s := range r.Segments {
		if s != nil && !s.Gap() {
			d = min(d, s.Duration.Duration(s.Timescale))
		}
	}
	return d
}

// tracksOf are those of all that any run of rows has, each as its newest run has it, in the order of all.
func tracksOf(rows media.Rows, all []media.Track) []media.Track {
	newest := make(map[string]media.Track, len(all))
	for _, span := range Spans(rows) {
		for _, t := range span.Run.Tracks {
			newest[t.Name] = t
		}
	}
	tracks := make([]media.Track, 0, len(newest))
	for _, t := range all {
		if of, there := newest[t.Name]; there {
			tracks = append(tracks, of)
		}
	}
	return slices.Clip(tracks)
}
