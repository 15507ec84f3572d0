package window

import (
	"time"

	"weir/internal/media"
)

// patience is how many complete rows may wait for one that does not come, before it is given up. The bus keeps what a row has
// before its end, so that a later row that is complete says that the missing one never will be.
const patience = 1

// advance lists what can be listed, gives up what will not come, and publishes if anything changed. It tells whether it did.
func (w *Window) advance() bool {
	changed := false
	for w.step() {
		changed = true
		w.trim()
	}
	if changed {
		w.publish()
	}
	return changed
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
	row := &media.Row{Number: p.number, Run: p.run, Segments: p.made}
	var lead *media.Segment
	for _, s := range p.made {
		if lead == nil && s.Duration > 0 {
			lead = s
		}
	}
	if lead != nil {
		row.Start = lead.Start.Time(lead.Timescale)
		row.Duration = lead.Duration.Duration(lead.Timescale)
		row.Wall, row.Anchor = lead.Wall, lead.Anchor
	}
	row.Wall, row.Anchor = wallOf(row.Wall, row.Start), anchorOf(row.Anchor, row.Run)
	before := standOf(w.rows.last())
	if row.Duration <= 0 || !before.fits(standOf(row)) {
		w.log.Error("a segment does not fit behind the one before it and is dropped",
			"segment", row.Number, "start", row.Start, "duration", row.Duration)
		w.counts.refused++
		w.discard(p.number)
		return
	}
	switch {
	case !before.follows(row.Run):
		w.restart(p.number)
	case w.nextGoal > 0 && row.Start.After(w.reached.Add(w.reach())):
		w.log.Info("all that was listed has expired: the lower target duration holds from now on", "from", w.target, "to", w.nextGoal)
		w.dropRows(w.rows.n)
		w.target, w.nextGoal = w.nextGoal, 0
	}
	for _, s := range p.made {
		w.pendingBytes -= int64(len(s.Data))
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
	w.enter(row)
	w.take(row)
	if prev == nil || prev.Run != row.Run {
		if prev != nil {
			w.listing.breaks++
		}
		w.retrack()
		w.forgetRuns()
	}
	w.rate(row)
	least := w.stamp.Add(stampStep)
	if w.stamp = row.Wall.Add(row.Duration).Truncate(stampUnit); w.stamp.Before(least) {
		w.stamp = least
	}
}

// restart drops all rows: the listing goes on at number.
func (w *Window) restart(number uint64) {
	w.log.Warn("segments are lost and nothing can stand for them: the window begins anew", "segment", number, "rows", w.rows.n)
	w.counts.restarts++
	w.dropRows(w.rows.n)
	w.next = number
}

// startTime is the presentation time of a segment on the channel timeline.
func startTime(e *media.SegmentEnd) time.Time { return e.Start.Time(e.Timescale) }
