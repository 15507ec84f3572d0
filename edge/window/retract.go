package window

import (
	"slices"
	"time"

	"weir/internal/media"
)

// An edge may be told of chunks, and of whole segments, before the stream has them, and the stream may never get them, or get others: its leader was away and the
// writer died, and another went on from what is stored. Then the window goes back to where the stream is (Retract), and what the stream has follows, so
// that it ends as on an edge that heard of nothing else.
//
// What players are shown does not go back: that would break rule 2 of conformance.md for all of them (numbers of segments and parts fall, the
// playlist loses its end, requests that are held for what comes next are too far ahead), and they have what they were given anyway. They are shown the window as it was,
// with all that it lists at hand, until what the stream has is as far in every track that was shown: at most as long as the stream was behind. Then they are shown
// what the stream has, at once. Of what rule 2 says is broken, once, what cannot be kept as well as that edges have the same: segments from the one on where the stream
// has otherwise change their bytes, and perhaps their durations, under their numbers. If the stream does not go on, nothing changes. What is asked for after that and is
// no more is answered as what was never made (rule 20).

// maxBack is how many rows that are listed can be taken back: about as long as a stream can be without a leader, and then some.
const maxBack = maxPendingRows / 2

// withdrawal is what waits for the window to become as far as it was when something was taken back.
type withdrawal struct {
	shown map[string]place // by track, how far readers see; nil: readers see the window as it is
	opens []*Open          // that are no more, but readers still see them
}

// place is the chunk of a track that comes next.
type place struct {
	segment uint64
	chunk   int
}

func (p place) before(other place) bool {
	return p.segment < other.segment || p.segment == other.segment && p.chunk < other.chunk
}

// Retract implements bus.Handler: what is there of a track from that chunk of that segment on is dropped, later segments included.
func (w *Window) Retract(track string, number uint64, chunk int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed.Load() {
		return
	}
	if w.taken.shown == nil {
		w.taken.shown = reached(w.view.Load())
	}
	if w.started && number < w.next {
		w.goBack(number)
	}
	before := w.counts.retracted
	for _, row := range w.pending {
		if row.number < number {
			continue
		}
		from := 0
		if row.number == number {
			from = chunk
		}
		for i, t := range row.run.Tracks {
			if t.Name == track && row.segments[i].reaches(from) {
				row = w.withdraw(row, i, from)
			}
		}
		if !slices.ContainsFunc(row.segments, func(o *Open) bool { return !o.empty() }) {
			w.remove(row)
		}
	}
	w.log.Warn("chunks are taken back: the stream has otherwise", "track", track, "segment", number, "from", chunk, "chunks", w.counts.retracted-before)
	if !w.advance() {
		w.publish()
	}
}

// withdraw drops what a pending row has of a track from that chunk on. Readers still have the row as it was: it gets another one in its place.
func (w *Window) withdraw(row *pendingRow, track, from int) *pendingRow {
	o := row.segments[track]
	held, count := o.bytes, o.held()
	kept := o.upTo(from)
	if o.done != nil {
		count = len(o.done.Parts)
		if o.done.Data == nil {
			held, count = 0, 0
		}
		if row.complete() {
			w.complete--
		}
	} else {
		w.taken.opens = append(w.taken.opens, o)
	}
	w.counts.retracted += uint64(count - kept.held())
	anew := *row
	anew.segments, anew.made = slices.Clone(row.segments), slices.Clone(row.made)
	anew.segments[track], anew.made[track] = kept, nil
	if o.done != nil {
		anew.done--
	}
	w.pending[row.number] = &anew
	w.charge(&anew, kept.bytes-held, int64(kept.held()-count)*chunkCost)
	return &anew
}

// goBack makes the rows from that number on wait again to be listed. Of those whose media is not at hand any more it lets be what they are.
func (w *Window) goBack(number uint64) {
	newest := w.rows.last()
	if newest == nil {
		return
	}
	least := max(w.rows.At(min(w.left, w.rows.n-1)).Number, w.hand.from)
	if newest.Number >= maxBack {
		least = max(least, newest.Number+1-maxBack)
	}
	if number < least {
		w.log.Error("the stream has otherwise what was listed too long ago to be taken back", "segment", number, "up to", least)
		number = least
	}
	for newest != nil && newest.Number >= number {
		w.unlist(newest)
		newest = w.rows.last()
	}
	w.retrack()
	w.forgetRuns()
}

// unlist makes the newest row of the listing wait again.
func (w *Window) unlist(row *media.Row) {
	p := &pendingRow{
		openRow: openRow{number: row.Number, run: row.Run, segments: make([]*Open, len(row.Segments))},
		made:    slices.Clone(row.Segments), done: len(row.Segments),
	}
	w.pending[row.Number] = p
	w.complete++
	for i, s := range row.Segments {
		p.segments[i] = reopened(s)
		if s.Data != nil {
			w.charge(p, int64(len(s.Data)), int64(len(s.Parts))*chunkCost)
		}
	}
	w.rowBytes -= atHand(row)
	w.allBytes -= mediaOf(row)
	w.leave(row)
	w.rows = w.rows.chop(1)
	w.next = row.Number
	if known := w.runs[row.Run.ID]; known != nil {
		known.unrate(row.Number)
	}
	for len(w.peaks) > 0 && w.peaks[len(w.peaks)-1].newest >= row.Number {
		w.peaks = w.peaks[:len(w.peaks)-1]
	}
	before := w.rows.last()
	switch {
	case before == nil || w.rows.n <= w.left:
		w.dropRows(w.rows.n)
		w.reached = time.Time{}
		return
	case before.Run != row.Run:
		w.listing.breaks--
	}
	w.reached = before.End()
}

// behind tells whether readers have seen more than v has, so that they are not shown it. It lets go of what they had, where they are.
func (w *Window) behind(v *view) bool {
	if w.taken.shown != nil {
		is := reached(v)
		for track, was := range w.taken.shown {
			at, there := is[track]
			if !there {
				at = is[""]
			}
			if at.before(was) {
				return true
			}
		}
	}
	for _, o := range w.taken.opens {
		o.abandon()
	}
	w.taken = withdrawal{}
	return false
}

// reached is how far each track goes in a view. That of "" is how far all tracks do.
func reached(v *view) map[string]place {
	win := &v.window
	at := make(map[string]place)
	all := place{}
	if n := win.Rows.Len(); n > 0 {
		all.segment = win.Rows.At(n-1).Number + 1
	} else if len(win.Open) > 0 {
		all.segment = win.Open[0].Number
	}
	at[""] = all
	for _, t := range win.Tracks {
		at[t.Name] = all
	}
	for i := range win.Open {
		row := &win.Open[i]
		for k, t := range row.Run.Tracks {
			p, there := at[t.Name]
			if !there {
				p = place{segment: row.Number}
			}
			if s := row.Segments[k]; p.segment == row.Number && s.Segment != nil {
				p = place{segment: row.Number + 1}
			} else if p.segment == row.Number {
				p.chunk = len(s.Parts)
			}
			at[t.Name] = p
		}
	}
	return at
}
