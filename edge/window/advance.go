package window

import (
	"time"

	"weir/internal/media"
)

// patience is how many complete rows may wait for one that does not come, before it is given up. The bus keeps what a row has
// before its end, so that a later row that is complete says that the missing one never will be.
const patience = 1

// advance lists what can be listed, gives up what will not come, and publishes if anything changed.
func (w *Window) advance() {
	changed := false
	for w.step() {
		changed = true
	}
	if changed {
		w.trim()
		w.publish()
	}
}

// step does one thing about the next number. It is false when all there is to do is to wait.
func (w *Window) step() bool {
	over := len(w.pending) > maxPendingRows || w.pendingCost > maxPendingCost
	if w.target == 0 || !w.started {
		row := w.lowest(func(*pendingRow) bool { return true })
		switch {
		case row == nil:
			return false
		case w.target > 0 && row.complete():
			w.next, w.started = row.number, true
		case over:
			w.discard(row.number)
			w.counts.lost++
		case w.target > 0 && w.complete >= patience: // it began before the oldest message that the bus still has
			w.discard(row.number)
		default:
			return false
		}
		return true
	}
	row := w.pending[w.next]
	switch {
	case row != nil && row.complete():
		w.list(row)
		return true
	case w.complete >= patience || over:
		return w.giveUp()
	}
	return false
}

// lowest is the pending row with the lowest number of those that are wanted, nil if there is none.
func (w *Window) lowest(want func(*pendingRow) bool) *pendingRow {
	var found *pendingRow
	for _, row := range w.pending {
		if (found == nil || row.number < found.number) && want(row) {
			found = row
		}
	}
	return found
}

// list makes a complete row the newest of the listing. One that does not fit behind its predecessor is dropped, and so is a number
// that did not come.
func (w *Window) list(p *pendingRow) {
	row := &media.Row{Number: p.number, Run: p.run, Segments: make([]*media.Segment, len(p.segments))}
	var lead *media.Segment
	for i, o := range p.segments {
		row.Segments[i] = o.done
		if lead == nil && o.done.Duration > 0 {
			lead = o.done
		}
	}
	prev := w.rows.last()
	if lead != nil {
		row.Start = lead.Start.Time(lead.Timescale)
		row.Duration = lead.Duration.Duration(lead.Timescale)
		row.Wall = lead.Wall
	}
	if row.Wall.IsZero() {
		row.Wall = w.now().UTC()
	}
	if row.Duration <= 0 || row.Duration > 2*maxTarget || prev != nil && row.Start.Before(prev.End().Add(-prev.Duration/2)) {
		w.log.Error("a segment does not fit behind the one before it and is dropped",
			"segment", row.Number, "start", row.Start, "duration", row.Duration)
		w.counts.refused++
		w.discard(p.number)
		return
	}
	if prev != nil && p.run.ID != prev.Run.ID && p.run.ID != prev.Run.ID+1 {
		w.restart(p.number)
	}
	for _, o := range p.segments {
		w.pendingBytes -= int64(len(o.done.Data))
	}
	w.remove(p)
	w.add(row)
}

// add appends a row to the listing; its number is next.
func (w *Window) add(row *media.Row) {
	prev := w.rows.last()
	w.rows = w.rows.append(row)
	w.next = row.Number + 1
	w.reached = row.End()
	w.listed += shortest(row)
	w.gaps += gapsOf(row)
	for _, s := range row.Segments {
		w.rowBytes += int64(len(s.Data))
	}
	if prev == nil || prev.Run != row.Run {
		if prev != nil {
			w.breaks++
		}
		w.rates.breakRun()
		w.retrack()
		w.forgetRuns()
	}
	w.rates.add(row, w.target)
}

// restart drops all rows: the listing goes on at number.
func (w *Window) restart(number uint64) {
	w.log.Warn("segments are lost and nothing can stand for them: the window begins anew", "segment", number, "rows", w.rows.n)
	w.counts.restarts++
	w.dropRows(w.rows.n)
	w.next = number
}

// trim lets rows leave the listing that it does not need, and drops those that left it long enough ago.
func (w *Window) trim() {
	retrack := false
	if newest := w.rows.last(); newest != nil {
		end := newest.End()
		for w.rows.n-w.left > minRows {
			row, after := w.rows.At(w.left), w.rows.At(w.left+1)
			if end.Sub(after.Start) < w.settings.DVR || w.listed-shortest(row) < 3*w.target {
				break
			}
			w.left++
			w.listed -= shortest(row)
			w.gaps -= gapsOf(row)
			if row.Run != after.Run {
				w.breaks--
				retrack = true
			}
		}
	}
	if w.left > keepLeft {
		w.dropRows(w.left - keepLeft)
	}
	if retrack {
		w.retrack()
	}
}

// The listing is never shorter than minRows (Apple's authoring specification, 8.11), where there are so many; keepLeft rows that left it can still be fetched.
const (
	minRows  = 6
	keepLeft = 2
)

// dropRows lets go of the k oldest rows: of those that left the listing, or of all.
func (w *Window) dropRows(k int) {
	for i := range k {
		for _, s := range w.rows.At(i).Segments {
			w.rowBytes -= int64(len(s.Data))
		}
	}
	w.rows = w.rows.cut(k)
	w.left = max(0, w.left-k)
	if w.rows.n == 0 {
		w.listed, w.gaps, w.breaks, w.tracks = 0, 0, 0, nil
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

// startTime is the presentation time of a segment on the channel timeline.
func startTime(e *media.SegmentEnd) time.Time { return e.Start.Time(e.Timescale) }
