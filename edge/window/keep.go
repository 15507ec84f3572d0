package window

import (
	"time"

	"weir/internal/media"
)

// The listing is never shorter than minRows (Apple's authoring specification, 8.11) and minTargets target durations (RFC 8216bis, 6.2.2), where
// there is so much.
const (
	minRows    = 6
	minTargets = 3
)

// spareTargets is for how many target durations rows that left the listing can be fetched beyond what is asked for (RFC 8216bis, 6.2.2):
// rows may come early, and low-latency playlists are longer than the listing by what is open.
const spareTargets = 1

// listing is what adds up over the rows of the listing.
type listing struct {
	lasts    time.Duration // of the lead
	shortest time.Duration // that it lasts at least in every track, without what is missing between runs
	gaps     int           // gap segments
	breaks   int           // places where a run follows another
}

// peak is a listing that was longer than all that came after it.
type peak struct {
	newest uint64 // number of its newest row
	lasts  time.Duration
}

// trim lets rows leave the listing that it does not need, and drops those that left it long enough ago.
func (w *Window) trim() {
	newest := w.rows.last()
	if newest == nil {
		return
	}
	end, depth, retrack := newest.End(), w.depth(), false
	for w.rows.n-w.left > minRows {
		row, after := w.rows.At(w.left), w.rows.At(w.left+1)
		if end.Sub(after.Start) < depth || w.listing.shortest-shortest(row) < minTargets*w.target {
			break
		}
		w.until = append(w.until, w.keptUntil(row, w.longest(row.Number)))
		w.leave(row)
		w.left++
		if row.Run != after.Run {
			w.listing.breaks--
			retrack = true
		}
	}
	w.dropLeft()
	w.noteListing()
	if retrack {
		w.retrack()
	}
}

// noteListing remembers how long the listing is.
func (w *Window) noteListing() {
	is := peak{w.rows.last().Number, w.listing.lasts}
	for len(w.peaks) > 0 && w.peaks[len(w.peaks)-1].lasts <= is.lasts {
		w.peaks = w.peaks[:len(w.peaks)-1]
	}
	w.peaks = append(w.peaks, is)
}

// longest is how long the longest listing with that row was; rows are asked for in the order of their numbers.
func (w *Window) longest(number uint64) time.Duration {
	for len(w.peaks) > 0 && w.peaks[0].newest < number {
		w.peaks = w.peaks[1:]
	}
	if len(w.peaks) == 0 {
		return w.listing.lasts
	}
	return w.peaks[0].lasts
}

// keptUntil is where the newest row ends when a row can be dropped that left the listing: its own duration and that of the longest playlist
// with it have passed since it was listed (RFC 8216bis, 6.2.2). What has passed is told by the media that came, so that a window that
// reads much at once holds no more than others.
func (w *Window) keptUntil(row *media.Row, longest time.Duration) time.Time {
	return row.End().Add(row.Duration + longest + spareTargets*w.target)
}

// shrunk frees what was kept for the longer playlists that the operator does not want any more: memory is why he shortens them. It is kept as
// if the listing had always been as it is now.
func (w *Window) shrunk() {
	w.peaks = nil
	for i := range w.until {
		w.until[i] = w.keptUntil(w.rows.At(i), w.listing.lasts)
	}
	if w.rows.n > 0 {
		w.dropLeft()
		w.noteListing()
	}
}

// dropLeft drops the rows that left the listing long enough ago.
func (w *Window) dropLeft() {
	end, k := w.rows.last().End(), 0
	for k < len(w.until) && !w.until[k].After(end) {
		k++
	}
	if k > 0 {
		w.dropRows(k)
	}
}

// enter counts a row into the listing.
func (w *Window) enter(row *media.Row) {
	w.listing.lasts += row.Duration
	w.listing.shortest += shortest(row)
	w.listing.gaps += gapsOf(row)
	w.runs[row.Run.ID].listed++
}

// leave counts it out.
func (w *Window) leave(row *media.Row) {
	w.listing.lasts -= row.Duration
	w.listing.shortest -= shortest(row)
	w.listing.gaps -= gapsOf(row)
	w.runs[row.Run.ID].listed--
}

// dropRows lets go of the k oldest rows: of those that left the listing, or of all.
func (w *Window) dropRows(k int) {
	for i := range k {
		row := w.rows.At(i)
		w.rowBytes -= atHand(row)
		w.allBytes -= mediaOf(row)
		if i >= w.left {
			w.leave(row)
		}
	}
	w.rows = w.rows.cut(k)
	w.until = w.until[min(k, len(w.until)):]
	w.left = len(w.until)
	if w.rows.n == 0 {
		w.listing, w.peaks, w.tracks, w.rates = listing{}, nil, nil, nil
	}
	w.forgetRuns()
}

// shortest is how long the row is in the playlist where it is shortest: a track may begin after the lead, or end before it.
func shortest(row *media.Row) time.Duration {
	d := row.Duration
	for _, s := range row.Segments {
		if !s.Gap() {
			d = min(d, s.Duration.Duration(s.Timescale))
		}
	}
	return d
}

// gapsOf is how many of a row's segments are gaps.
func gapsOf(row *media.Row) int {
	n := 0
	for _, s := range row.Segments {
		if s.Gap() {
			n++
		}
	}
	return n
}
