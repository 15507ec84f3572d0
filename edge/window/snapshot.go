package window

import (
	"time"

	"weir/internal/media"
)

// view is what readers see of a window at one moment. It is immutable.
type view struct {
	window media.Window
	rows   *list      // those of window and the ones that left it lately
	open   []*openRow // all that is pending
	inits  []media.Init
}

// change is how much of a window has changed. A greater one includes those before it.
type change int

const (
	nothing change = iota
	part           // a part has come
	opening        // an open row has come, or a segment of one was closed
)

// depth is how far back a player can go for certain: the DVR duration, or what the listing always has.
func (w *Window) depth() time.Duration { return max(w.settings.DVR, minTargets*w.target) }

// published is when the listing came to be what it is. Rows move it by many milliseconds, changed settings within one, so that it rises with
// both, whichever edge saw them in whichever order.
func (w *Window) published() time.Time {
	return w.stamp.Add(time.Duration(w.settings.Revision % uint64(stampUnit)))
}

// Stamps of rows are whole in stampUnit. They differ by stampStep at least, which leaves room for what manifests tell of rows that are open.
const (
	stampUnit = time.Millisecond
	stampStep = 100 * time.Millisecond
)

// publish shows readers the window as it is now, and wakes who waits.
func (w *Window) publish() {
	v := w.shown.Version
	w.shown = media.Window{
		Channel: w.settings.Channel, Title: w.settings.Title, Segment: w.segment(), DVR: w.depth(), Target: w.target,
		Rows: w.rows.tail(w.left), Tracks: w.tracks, Rates: w.rates, Captions: w.captions, Signals: w.told(), Published: w.published(),
		Version: media.Version{Listing: v.Listing + 1, Open: v.Open, Parts: v.Parts},
	}
	rows := w.rows
	w.show(opening, &rows, w.openRows())
}

// segment is what segments are cut to: the packager never exceeds a target duration that is fixed.
func (w *Window) segment() time.Duration {
	if w.target > 0 {
		return min(w.settings.Segment, w.target)
	}
	return w.settings.Segment
}

// publishOpen is publish where only what is open, or the runs, have changed.
func (w *Window) publishOpen(c change) {
	old := w.latest
	open := old.open
	if c >= opening {
		open = w.openRows()
	}
	w.show(c, old.rows, open)
}

func (w *Window) show(c change, rows *list, open []*openRow) {
	if c >= opening {
		w.shown.Version.Open++
	}
	if c >= part {
		w.shown.Version.Parts++
	}
	v := &view{window: w.shown, rows: rows, open: open, inits: w.inits}
	v.window.Open = w.unlisted()
	v.window.LowLatency = offersParts(&v.window)
	w.latest = v
	if w.behind(v) {
		return
	}
	w.view.Store(v)
	w.broadcast()
}

// broadcast wakes all who wait on Changed.
func (w *Window) broadcast() {
	if c := w.changed.Swap(nil); c != nil {
		close(*c)
	}
}

// openRows are the pending rows for lookups.
func (w *Window) openRows() []*openRow {
	rows := make([]*openRow, 0, len(w.pending))
	for _, p := range w.pending {
		rows = append(rows, &p.openRow)
	}
	return rows
}

// offersParts tells whether the newest run of the window has parts.
func offersParts(w *media.Window) bool {
	var run *media.Run
	switch {
	case len(w.Open) > 0:
		run = w.Open[len(w.Open)-1].Run
	case w.Rows.Len() > 0:
		run = w.Rows.At(w.Rows.Len() - 1).Run
	default:
		return false
	}
	for i := range run.Tracks {
		if run.Tracks[i].Part > 0 {
			return true
		}
	}
	return false
}
