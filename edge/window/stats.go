package window

import "time"

// Stats is what a window holds and what went wrong with it. Counts are since it was made.
type Stats struct {
	Rows   int           // listed
	Bytes  int64         // of media and init segments that are really held: listed, left lately, and not complete yet
	Stored int64         // of media of complete rows that is not held, but can be read back
	Depth  time.Duration // from Oldest to Newest
	AtHand time.Duration // how much of it, up to Newest, is held; the rest can be read back
	Oldest time.Time     // start of the listing on the channel timeline; zero: it is empty
	Newest time.Time     // its end
	First  uint64        // number of the oldest row; meaningless in an empty listing
	Last   uint64        // number of the newest row; likewise

	Gaps            int // gap segments in the listing
	Discontinuities int // in the listing
	OpenRows        int // rows that are not complete yet, or wait for one that is not
	OpenBytes       int64

	Damaged    uint64 // segments whose size or checksum was wrong
	Lost       uint64 // segments that did not come whole, and rows of which nothing came
	Late       uint64 // messages for rows that were listed or given up
	Duplicates uint64 // messages that were there already
	Refused    uint64 // messages and rows that made no sense, or were over a bound
	Restarts   uint64 // how often the listing began anew behind a hole
	Retracted  uint64 // chunks that were shown and taken back, for the stream has otherwise
}

// counts are those of Stats.
type counts struct {
	damaged, lost, late, duplicates, refused, restarts, retracted uint64
}

// Stats is the state of the window now.
func (w *Window) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Stats{
		Rows: w.rows.n - w.left, Bytes: w.rowBytes + w.pendingBytes, Stored: w.allBytes - w.rowBytes,
		AtHand: w.handDepth(), Gaps: w.listing.gaps, Discontinuities: w.listing.breaks, OpenRows: len(w.pending), OpenBytes: w.pendingBytes,
		Damaged: w.counts.damaged, Lost: w.counts.lost, Late: w.counts.late,
		Duplicates: w.counts.duplicates, Refused: w.counts.refused, Restarts: w.counts.restarts, Retracted: w.counts.retracted,
	}
	v := w.latest
	for _, in := range v.inits {
		s.Bytes += int64(len(in.Data))
	}
	if oldest, newest, ok := v.window.Bounds(); ok {
		s.Oldest, s.Newest, s.Depth = oldest, newest, newest.Sub(oldest)
		s.First, s.Last = w.rows.At(w.left).Number, w.rows.last().Number
	}
	return s
}
