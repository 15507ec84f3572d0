package hls

import (
	"slices"
	"sort"

	"weir/internal/media"
)

// survey is what playlists say of all segments of a track together.
type survey struct {
	cut  bool // decoding cannot start at some segment
	long bool // some segment is longer than the target duration, if not when it is rounded
	peak int  // largest keyRate
}

func (s *survey) add(e *entry, target media.Ticks) {
	s.cut = s.cut || e.cut()
	s.long = s.long || e.duration() > target
	s.peak = max(s.peak, e.keyRate())
}

// surveyed looks at all rows.
func surveyed(w *media.Window, track string) survey {
	var s survey
	for i := range w.Rows.Len() {
		e := entryOf(w.Rows.At(i), track)
		s.add(&e, targetOf(w))
	}
	return s
}

// targetOf is the target duration, in ms.
func targetOf(w *media.Window) media.Ticks { return media.FromDuration(w.Target, millis) }

// surveyor answers for windows of one track what surveyed does, and looks at each row once. Not safe for concurrent use.
type surveyor struct {
	from, to    uint64 // numbers of the rows that were looked at: from ≤ n < to
	target      media.Ticks
	cuts, longs numbers
	// peaks are the rows whose keyRate is above that of all behind them, rising by number: the first one within a window that ends
	// with the newest row is its peak.
	peaks []keyRate
}

// numbers are those of some rows, rising.
type numbers []uint64

type keyRate struct {
	number uint64
	rate   int
}

// survey looks at the rows of w that are new to it. w has rows.
func (s *surveyor) survey(w *media.Window, track string) survey {
	first := w.Rows.At(0).Number
	end := first + uint64(w.Rows.Len())
	if target := targetOf(w); first > s.to || end < s.from || s.from == s.to || target != s.target {
		*s = surveyor{from: first, to: first, target: target}
	}
	for ; s.to < end; s.to++ {
		e := entryOf(w.Rows.At(int(s.to-first)), track)
		s.append(&e)
	}
	s.extend(w, track, first)
	told := survey{cut: s.cuts.within(first, end), long: s.longs.within(first, end)}
	if end < s.to { // of an older window, or one that has ended
		told.peak = surveyed(w, track).peak
		return told
	}
	if i := sort.Search(len(s.peaks), func(i int) bool { return s.peaks[i].number >= first }); i < len(s.peaks) {
		told.peak = s.peaks[i].rate
	}
	return told
}

func (s *surveyor) append(e *entry) {
	if e.cut() {
		s.cuts = append(s.cuts, e.number)
	}
	if e.duration() > s.target {
		s.longs = append(s.longs, e.number)
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
	var cuts, longs numbers
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
		if e.duration() > s.target {
			longs = append(longs, e.number)
		}
		if rate := e.keyRate(); rate > highest {
			highest = rate
			peaks = append(peaks, keyRate{e.number, rate})
		}
	}
	slices.Reverse(cuts)
	slices.Reverse(longs)
	slices.Reverse(peaks)
	s.longs = append(longs, s.longs...)
	s.cuts, s.peaks = append(cuts, s.cuts...), append(peaks, s.peaks...)
}

// forget drops what is known of rows before that number.
func (s *surveyor) forget(before uint64) {
	if before >= s.to {
		*s = surveyor{}
		return
	}
	s.from = max(s.from, before)
	s.cuts, s.longs = s.cuts.since(before), s.longs.since(before)
	i := sort.Search(len(s.peaks), func(i int) bool { return s.peaks[i].number >= before })
	s.peaks = slices.Delete(s.peaks, 0, i)
}

// within tells whether any is from ≤ n < to.
func (n numbers) within(from, to uint64) bool {
	i, _ := slices.BinarySearch(n, from)
	return i < len(n) && n[i] < to
}

// since are those that are not below from, in the same memory.
func (n numbers) since(from uint64) numbers {
	i, _ := slices.BinarySearch(n, from)
	return slices.Delete(n, 0, i)
}
