package dash

import (
	"fmt"
	"slices"
	"sort"

	"weir/internal/media"
)

// strip is the timeline of one track in one stretch, as far as its rows are complete: equal durations folded, with most of its text.
// Rows are added behind, and taken away before. It keeps no media.
type strip struct {
	entries []entry
	text    []byte // of all entries but the newest, as S elements without @t where they follow the one before
	first   uint64 // number of the oldest row that it knows of
	next    uint64 // number behind the newest row that was looked at; 0: none was
	ended   bool   // a gap came behind media: within a run a track that is gone does not come back
	err     error

	cut     []uint64 // rows that begin without a sync sample
	keyless []uint64 // rows of which the first sample is not known to be a key frame
	long    []peak   // durations, in ticks
	keys    []peak   // rates of key frames, in bits a second, rounded
}

// entry is an S element (ISO/IEC 23009-1, 5.3.9.6.2).
type entry struct {
	number   uint64 // of its first segment
	start, d media.Ticks
	n        int  // segments
	jump     bool // it does not begin where the one before ends
	end      int  // of its text in that of the strip
}

func (e *entry) last() uint64 { return e.number + uint64(e.n) - 1 }

// add looks at the next row.
func (s *strip) add(row *media.Row, column int) {
	if s.next == 0 {
		s.first = row.Number
	}
	s.next = row.Number + 1
	seg := row.Segments[column]
	if seg == nil || seg.Gap() {
		s.ended = len(s.entries) > 0
	}
	if s.ended || s.err != nil || seg == nil || seg.Gap() {
		return // gaps at the head are skipped
	}
	if seg.Start < 0 || seg.Duration <= 0 {
		s.err = fmt.Errorf("track %s, segment %d: start %d, duration %d: not on the timeline", seg.Track, row.Number, seg.Start, seg.Duration)
		return
	}
	t := &row.Run.Tracks[column]
	s.long = push(s.long, peak{row.Number, int64(seg.Duration)})
	switch key := keyRate(seg, t); {
	case len(seg.Parts) > 0 && !seg.Parts[0].Independent:
		s.cut = append(s.cut, row.Number)
		s.keyless = append(s.keyless, row.Number)
	case key == 0:
		s.keyless = append(s.keyless, row.Number)
	default:
		s.keys = push(s.keys, peak{row.Number, key})
	}
	if n := len(s.entries); n > 0 {
		e := &s.entries[n-1]
		joined := e.start+media.Ticks(e.n)*e.d == seg.Start
		if joined && e.d == seg.Duration {
			e.n++
			return
		}
		s.text = appendS(s.text, *e, e.jump && n > 1)
		e.end = len(s.text)
		s.entries = append(s.entries, entry{number: row.Number, start: seg.Start, d: seg.Duration, n: 1, jump: !joined})
		return
	}
	s.entries = append(s.entries, entry{number: row.Number, start: seg.Start, d: seg.Duration, n: 1})
}

// drop takes away what lies before that row.
func (s *strip) drop(number uint64) {
	s.first = max(s.first, min(number, s.next))
	if k := s.find(number); k > 0 {
		cut := s.entries[k-1].end
		s.text = slices.Clone(s.text[cut:])
		s.entries = slices.Clone(s.entries[k:])
		for i := range s.entries {
			s.entries[i].end -= cut
		}
	}
	s.cut, s.keyless = before(s.cut, number), before(s.keyless, number)
	s.long, s.keys = peaksFrom(s.long, number), peaksFrom(s.keys, number)
}

// find is the entry that has that row, the first one for rows before it, the last for those behind.
func (s *strip) find(number uint64) int {
	i := sort.Search(len(s.entries), func(i int) bool { return s.entries[i].number > number })
	return max(i-1, 0)
}

// peak is a value that a row has. Lists of them hold those that no later row exceeds, so that the greatest of all rows from some number on is the first.
type peak struct {
	number uint64
	value  int64
}

func push(list []peak, p peak) []peak {
	for len(list) > 0 && list[len(list)-1].value <= p.value {
		list = list[:len(list)-1]
	}
	return append(list, p)
}

// peaksFrom are those of the rows from number on.
func peaksFrom(list []peak, number uint64) []peak {
	return list[sort.Search(len(list), func(i int) bool { return list[i].number >= number }):]
}

// before takes the numbers before number away.
func before(list []uint64, number uint64) []uint64 {
	i, _ := slices.BinarySearch(list, number)
	return list[i:]
}

// within tells whether list has a number from ≤ n ≤ to.
func within(list []uint64, from, to uint64) bool {
	list = before(list, from)
	return len(list) > 0 && list[0] <= to
}

// stripper gives strips that cover the stretch's complete rows.
type stripper interface {
	strip(w *media.Window, s *stretch, column int) *strip
}

// fresh makes each strip anew.
type fresh struct{}

func (fresh) strip(w *media.Window, s *stretch, column int) *strip {
	made := new(strip)
	for i := s.from; i < s.to; i++ {
		made.add(w.Rows.At(i), column)
	}
	return made
}
