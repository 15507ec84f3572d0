package hls

import (
	"slices"
	"sort"

	"weir/internal/media"
)

// survey is what playlists say of all rows of a track together.
type survey struct {
	cut  bool // decoding cannot start at some segment
	peak int  // largest keyRate
}

// surveyed looks at all rows.
func surveyed(w *media.Window, track string) survey {
	var s survey
	for i := range w.Rows.Len() {
		e := entryOf(w.Rows.At(i), track)
		s.cut = s.cut || e.cut()
		s.peak = max(s.peak, e.keyRate())
	}
	return s
}

// surveyor answers for windows of one track what surveyed does, and looks at each row once. Not safe for concurrent use.
type surveyor struct {
	from, to uint64   // numbers of the rows that were looked at: from ≤ n < to
	cuts     []uint64 // those that are cut, rising
	// peaks are the rows whose keyRate is above that of all behind them, rising by number: the first one within a window that ends
	// with the newest row is its peak.
	peaks []keyRate
}

type keyRate struct {
	number uint64
	rate   int
}

// survey looks at the rows of w that are new to it. w has rows.
func (s *surveyor) survey(w *media.Window, track string) survey {
	first := w.Rows.At(0).Number
	end := first + uint64(w.Rows.Len())
	if first > s.to || end < s.from || s.from == s.to {
		*s = surveyor{from: first, to: first}
	}
	for ; s.to < end; s.to++ {
		e := entryOf(w.Rows.At(int(s.to-first)), track)
		s.append(&e)
	}
	s.extend(w, track, first)
	i := sort.Search(len(s.cuts), func(i int) bool { return s.cuts[i] >= first })
	told := survey{cut: i < len(s.cuts) && s.cuts[i] < end}
	if end < s.to { // of an older window, or one that has ended
		told.peak = surveyed(w, track).peak
		return told
	}
	if i = sort.Search(len(s.peaks), func(i int) bool { return s.peaks[i].number >= first }); i < len(s.peaks) {
		told.peak = s.peaks[i].rate
	}
	return told
}

func (s *surveyor) append(e *entry) {
	if e.cut() {
		s.cuts = append(s.cuts, e.number)
	}
	if rate := e.keyRate(); rate > 0 {
		n := len(s.peaks)
		for n > 0 && s.peaks[n-1].rate <= rate {
			n--
		}
		s.peaks = append(s.peaks[:n], keyRate{e.number, rate})
	}
}

// extend looks at the rows from first on that are older than those looked at.
func (s *surveyor) extend(w *media.Window, track string, first uint64) {
	if first >= s.from {
		return
	}
	var cuts []uint64
	var peaks []keyRate
	highest := 0
	if len(s.peaks) > 0 {
		highest = s.peaks[0].rate
	}
	for ; s.from > first; s.from-- {
		e := entryOf(w.Rows.At(int(s.from-1-first)), track)
		if e.cut() {
			cuts = append(cuts, e.number)
		}
		if rate := e.keyRate(); rate > highest {
			highest = rate
			peaks = append(peaks, keyRate{e.number, rate})
		}
	}
	slices.Reverse(cuts)
	slices.Reverse(peaks)
	s.cuts, s.peaks = append(cuts, s.cuts...), append(peaks, s.peaks...)
}

// forget drops what is known of rows before that number.
func (s *surveyor) forget(before uint64) {
	if before >= s.to {
		*s = surveyor{}
		return
	}
	s.from = max(s.from, before)
	i := sort.Search(len(s.cuts), func(i int) bool { return s.cuts[i] >= before })
	s.cuts = slices.Delete(s.cuts, 0, i)
	i = sort.Search(len(s.peaks), func(i int) bool { return s.peaks[i].number >= before })
	s.peaks = slices.Delete(s.peaks, 0, i)
}
