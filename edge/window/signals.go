package window

import (
	"cmp"
	"slices"
	"time"

	"weir/internal/media"
)

const (
	maxSignals      = 1024
	maxSignalBytes  = 16 << 10 // of its sections
	maxSignalsOfRow = 64       // told with one row
	// pastTargets is for how many target durations a signal is kept that nothing listed maps to any more: playlists tell which have gone
	// (RFC 8216bis, 6.2.5.1).
	pastTargets = 10
)

// Signal implements bus.Handler: it is kept until the row comes with which it is told, and then as long as it has to do with anything listed. A later one
// with the same ID takes its place when its own row comes.
func (w *Window) Signal(s media.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed.Load() {
		return
	}
	if s.ID == "" || s.Row > maxNumber || len(s.Out)+len(s.In)+len(s.Command) > maxSignalBytes || w.crowded(s.Row) {
		w.counts.refused++
		return
	}
	for i := range w.signals {
		switch known := &w.signals[i]; {
		case known.ID != s.ID || known.Row < s.Row:
		case known.Row == s.Row:
			*known = s
			return
		default:
			return // told again, and more has been told since
		}
	}
	if len(w.signals) == maxSignals {
		w.signals = slices.Delete(w.signals, 0, 1)
	}
	w.signals = append(w.signals, s)
}

// crowded tells whether more is told with a row than anybody would mean to.
func (w *Window) crowded(row uint64) bool {
	n := 0
	for i := range w.signals {
		if w.signals[i].Row == row {
			n++
		}
	}
	return n >= maxSignalsOfRow
}

// told is what manifests have to tell of signals, as far as the listing goes: in the order in which they begin. What has nothing to do with the
// window any more is forgotten.
func (w *Window) told() []media.Signal {
	if len(w.signals) == 0 || w.rows.n == 0 {
		return nil
	}
	oldest, newest := w.rows.At(w.left), w.rows.last()
	past := oldest.Start.Add(-pastTargets * w.target)
	replaced := make(map[string]uint64) // rows of the newest that are told, by ID
	for i := range w.signals {
		if s := &w.signals[i]; s.Row <= newest.Number {
			replaced[s.ID] = max(replaced[s.ID], s.Row)
		}
	}
	w.signals = slices.DeleteFunc(w.signals, func(s media.Signal) bool {
		if s.Row > newest.Number {
			return false
		}
		return s.Row < replaced[s.ID] || s.InBand && s.Run < oldest.Run.ID || !s.InBand && over(&s, past)
	})
	var told []media.Signal
	for i := range w.signals {
		if s := &w.signals[i]; s.Row <= newest.Number {
			told = append(told, *s)
		}
	}
	slices.SortFunc(told, func(a, b media.Signal) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	return told
}

// over tells whether a signal has ended before that point of the channel timeline.
func over(s *media.Signal, past time.Time) bool {
	end, known := s.End()
	return known && end.Before(past)
}
