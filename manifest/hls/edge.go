package hls

import (
	"time"

	"weir/internal/media"
)

// Edge is the newest end of a media playlist: what a blocking reload waits for (rfc8216bis, 6.2.5.2).
type Edge struct {
	MSN   uint64 // media sequence number of the last closed segment
	Parts int    // how many parts that segment has, 0: none is listed
	Open  int    // how many parts are listed of the segment behind it
	// Ended tells that the playlist has EXT-X-ENDLIST: nothing is waited for any more.
	Ended bool

	part     time.Duration // PART-TARGET as the track's parts are cut now; 0: the playlist has no parts
	hintMSN  uint64        // of the part that is hinted at
	hintPart int
}

// Last is the edge of the playlist that Media renders of the track. It is false where there is none: the window is empty or has no such
// track. It allocates nothing and looks at open rows and the newest row only.
func Last(w *media.Window, track string) (Edge, bool) {
	e, ok := LastRow(w)
	if !ok || trackOf(w.Tracks, track) == nil {
		return Edge{}, false
	}
	if !early(w) {
		return e, true
	}
	e.part = partNow(w, track)
	last, before := entryOf(w.Rows.At(w.Rows.Len()-1), track), entry{}
	if n := w.Rows.Len(); n > 1 {
		before = entryOf(w.Rows.At(n-2), track)
	}
	open := leading(w, track, func(closed entry) { last, before = closed, last })
	e.hintMSN, e.hintPart = open.hint(last, before)
	e.MSN = last.number
	if open.limits.allow(partOf(last.run, last.column)) {
		e.Parts = last.parts()
	}
	if open.segment != nil {
		e.Open = len(open.segment.Parts)
	}
	return e, true
}

// LastRow is the edge of playlists that list complete rows only, such as I-frame playlists. It is false where the window is empty.
func LastRow(w *media.Window) (Edge, bool) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return Edge{}, false
	}
	return Edge{MSN: w.Rows.At(w.Rows.Len() - 1).Number, Ended: w.Ended}, true
}

// Has tells whether the playlist answers a request for _HLS_msn=msn and _HLS_part=part; part is -1 where that was not given, which asks for the
// whole segment. A part beyond the last of a closed segment is part 0 of the next; a closed segment whose parts are not listed has all that
// could be asked for. It is true for what is older, and for all once the playlist has ended.
func (e Edge) Has(msn uint64, part int) bool {
	switch {
	case e.Ended || msn < e.MSN:
		return true
	case msn == e.MSN:
		return part < 0 || e.Parts == 0 || part < e.Parts || e.Open > 0
	case msn == e.MSN+1:
		return part >= 0 && part < e.Open
	}
	return false
}

// Hints tells whether a part is the next of the track, or the one that its playlist hints at instead.
func (e Edge) Hints(msn uint64, part int) bool {
	if e.Ended || e.part <= 0 {
		return false
	}
	return msn == e.MSN+1 && part == e.Open || msn == e.hintMSN && part == e.hintPart
}

// TooFar tells whether such a request is to be refused: the segment is more than two past the last one, or the part is past the last one by
// more than the advance part limit, which is three divided by the part target below a second, else three.
func (e Edge) TooFar(msn uint64, part int) bool {
	if e.Ended || msn < e.MSN {
		return false
	}
	ahead := msn - e.MSN
	if ahead > 2 {
		return true
	}
	if part < 0 || e.part <= 0 {
		return false
	}
	last := -1
	switch ahead {
	case 0:
		if e.Parts == 0 {
			return false
		}
		last = e.Parts - 1
	case 1:
		last = e.Open - 1
	}
	past := time.Duration(min(part, maxPast) - last)
	if target := time.Duration(millisUp(e.part)) * time.Millisecond; target < time.Second {
		return past*target > advance*time.Second
	}
	return past > advance
}

const (
	advance = 3
	maxPast = 1 << 20 // parts; more than any limit, and small enough to multiply
)
