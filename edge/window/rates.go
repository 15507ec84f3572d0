package window

import (
	"maps"
	"slices"

	"weir/internal/media"
)

// rate takes in what the ends of a row that is listed say of their tracks. Within a run, rates only rise.
func (w *Window) rate(row *media.Row) {
	known := w.runs[row.Run.ID]
	if known.rates == nil {
		known.rates = make([]media.Rate, len(row.Segments))
	}
	was := measured{row.Number, known.rates, known.captions}
	for _, s := range row.Segments {
		if known.captions|s.Captions != known.captions {
			known.captions |= s.Captions
			w.caption()
		}
	}
	for i, s := range row.Segments {
		higher := raise(known.rates[i], s.Rate)
		if higher == known.rates[i] {
			continue
		}
		if &known.rates[0] == &was.rates[0] {
			known.rates = slices.Clone(known.rates)
		}
		known.rates[i] = higher
		name := row.Run.Tracks[i].Name
		if is := raise(w.rates[name], higher); is != w.rates[name] {
			rates := make(map[string]media.Rate, len(w.rates)+1)
			maps.Copy(rates, w.rates)
			rates[name] = is
			w.rates = rates
		}
	}
	if &known.rates[0] != &was.rates[0] || known.captions != was.captions {
		known.before = append(known.before, was)
		if len(known.before) > maxBack {
			known.before = slices.Delete(known.before, 0, 1)
		}
	}
}

// measured is what was known of a run's tracks before that row, which told more.
type measured struct {
	row      uint64
	rates    []media.Rate
	captions media.Captions
}

// unrate forgets what a run's rows from that number on have told of its tracks.
func (r *knownRun) unrate(number uint64) {
	for n := len(r.before); n > 0 && r.before[n-1].row >= number; n-- {
		r.rates, r.captions = r.before[n-1].rates, r.before[n-1].captions
		r.before = r.before[:n-1]
	}
}

// rerate finds the rates anew: of each track the highest that a run of the listing has.
func (w *Window) rerate() {
	rates := make(map[string]media.Rate, len(w.tracks))
	for _, r := range w.runs {
		if r.listed == 0 {
			continue
		}
		for i, rate := range r.rates {
			if rate != (media.Rate{}) {
				name := r.run.Tracks[i].Name
				rates[name] = raise(rates[name], rate)
			}
		}
	}
	w.rates = rates
	w.caption()
}

func raise(a, b media.Rate) media.Rate {
	return media.Rate{Peak: max(a.Peak, b.Peak), Average: max(a.Average, b.Average)}
}
