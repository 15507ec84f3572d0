package window

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"weir/internal/media"
)

// knownRun is a run that was announced.
type knownRun struct {
	run    *media.Run
	inits  []media.Init
	listed int          // rows of the listing
	rates  []media.Rate // beside its tracks, of what was listed
	// captions are what was found in the pictures of all its tracks, as far as it is listed.
	captions media.Captions
	before   []measured // at most maxBack, the newest last
}

// checkRun tells what is wrong with a run that the bus hands over.
func checkRun(run *media.Run, inits []media.Init) error {
	if len(run.Tracks) == 0 || len(run.Tracks) > maxTracks || len(inits) > maxTracks {
		return fmt.Errorf("it has %d tracks and %d init segments", len(run.Tracks), len(inits))
	}
	if run.First > maxNumber {
		return fmt.Errorf("its first segment has number %d", run.First)
	}
	seen := make(map[string]bool)
	for _, t := range run.Tracks {
		if t.Name == "" || seen[t.Name] || t.Timescale == 0 {
			return fmt.Errorf("track %q: no name, no timescale, or twice there", t.Name)
		}
		seen[t.Name] = true
	}
	for _, in := range inits {
		if len(in.Data) > maxInitBytes {
			return errors.New("an init segment of track " + in.Track + " is too large")
		}
	}
	return nil
}

// isAnew tells whether a run is of another life of the channel: it was deleted and made again before anybody noticed, so that runs and
// segments are numbered from the start. Such a run is not newer than all that are known, yet begins behind everything that was listed.
func (w *Window) isAnew(run *media.Run) bool {
	if known := w.runs[run.ID]; known != nil && known.run.Start.Equal(run.Start) && known.run.First == run.First {
		return false
	}
	newer := false
	for id := range w.runs {
		newer = newer || id >= run.ID
	}
	return newer && w.started && run.First < w.next && run.Start.After(w.reached)
}

// forgetRuns drops runs that no row needs: those older than what is held, and the oldest of those that were announced and never used, if
// they are too many. The newest is kept, for its rows may still come.
func (w *Window) forgetRuns() {
	newest := uint64(0)
	for id := range w.runs {
		newest = max(newest, id)
	}
	oldest, used := newest, uint64(0)
	if w.rows.n == 0 && len(w.pending) == 0 {
		oldest = 0 // the bus may announce several before it hands over the first row
	}
	if w.rows.n > 0 {
		oldest, used = min(oldest, w.rows.At(0).Run.ID), w.rows.last().Run.ID
	}
	for _, p := range w.pending {
		oldest, used = min(oldest, p.run.ID), max(used, p.run.ID)
	}
	before := len(w.runs)
	var spare []uint64
	for id := range w.runs {
		switch {
		case id < oldest:
			delete(w.runs, id)
		case id > used:
			spare = append(spare, id)
		}
	}
	if extra := len(spare) - maxSpareRuns; extra > 0 {
		slices.Sort(spare)
		for _, id := range spare[:extra] {
			delete(w.runs, id)
		}
	}
	if len(w.runs) != before {
		w.collectInits()
	}
}

// collectInits finds the init segments of all known runs anew, each once.
func (w *Window) collectInits() {
	type key struct {
		track   string
		version uint32
	}
	seen := make(map[key]bool)
	w.inits = nil
	for _, r := range w.runs {
		for _, in := range r.inits {
			if k := (key{in.Track, in.Version}); !seen[k] {
				seen[k] = true
				w.inits = append(w.inits, in)
			}
		}
	}
}

// retrack finds the tracks of the listing anew: all that its runs have, video first, by ordinal, each as its newest run has it.
func (w *Window) retrack() {
	w.tracks = nil
	byName := make(map[string]uint64) // run that describes it
	for id, r := range w.runs {
		if r.listed == 0 {
			continue
		}
		for _, t := range r.run.Tracks {
			if have, there := byName[t.Name]; !there || id > have {
				byName[t.Name] = id
			}
		}
	}
	for name, id := range byName {
		t, _ := w.runs[id].run.Track(name)
		w.tracks = append(w.tracks, t)
	}
	slices.SortFunc(w.tracks, func(a, b media.Track) int {
		return cmp.Or(cmp.Compare(order(a.Kind), order(b.Kind)), cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	w.rerate()
}

// order is the place of a kind of track in a run.
func order(k media.Kind) int {
	switch k {
	case media.Video:
		return 0
	case media.Audio:
		return 1
	}
	return 2
}
