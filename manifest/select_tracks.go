package manifest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"weir/internal/media"
)

// narrow drops the tracks that s does not want from the window's tracks, rates, runs and rows.
func narrow(w *media.Window, s Selection) error {
	tracks, err := s.filter(w)
	if err != nil || len(tracks) == len(w.Tracks) {
		return err
	}
	rates := make(map[string]media.Rate, len(tracks))
	names := make([]string, 0, len(tracks))
	for _, t := range tracks {
		names = append(names, t.Name)
		if r, there := w.Rates[t.Name]; there {
			rates[t.Name] = r
		}
	}
	of := &narrowRuns{names: names}
	w.Tracks, w.Rates = tracks, rates
	if !slices.ContainsFunc(tracks, func(t media.Track) bool { return isVideo(&t) }) {
		w.Images = nil
	}
	w.Rows = &narrowRows{rows: w.Rows, of: of}
	open := make([]media.OpenRow, len(w.Open))
	for i, r := range w.Open {
		run := of.run(r.Run)
		r.Run, r.Segments = run.narrow, pick(r.Segments, run.columns)
		open[i] = r
	}
	w.Open = open
	return nil
}

// filter is the tracks that s wants.
func (s *Selection) filter(w *media.Window) ([]media.Track, error) {
	tracks := w.Tracks
	for _, f := range []struct {
		on     bool
		name   string
		looks  func(t *media.Track) bool // at which tracks
		wants  func(t *media.Track) bool
		failed string // what no track is
	}{
		{
			s.Tracks != nil, "tracks",
			func(*media.Track) bool { return true },
			func(t *media.Track) bool { return slices.Contains(s.Tracks, t.Name) },
			"of the channel has a name that is listed",
		},
		{
			s.MaxHeight > 0, "maxheight", isVideo,
			func(t *media.Track) bool { return t.Height <= s.MaxHeight },
			fmt.Sprintf("with video is at most %d pixels high", s.MaxHeight),
		},
		{
			s.MaxBitrate > 0, "maxbitrate", isVideo,
			func(t *media.Track) bool { return int(Peak(w.Rates[t.Name])) <= s.MaxBitrate },
			fmt.Sprintf("with video needs at most %d bits a second", s.MaxBitrate),
		},
		{
			s.Languages != nil, "lang",
			func(t *media.Track) bool { return t.Kind == media.Audio },
			func(t *media.Track) bool { return speaks(Language(t.Language), s.Languages) },
			"with audio has a language that is listed",
		},
	} {
		if !f.on {
			continue
		}
		var left []media.Track
		looked, wanted := 0, 0
		for i := range tracks {
			t := &tracks[i]
			if f.looks(t) {
				looked++
				if !f.wants(t) {
					continue
				}
				wanted++
			}
			left = append(left, *t)
		}
		if len(left) == 0 || looked > 0 && wanted == 0 {
			return nil, &NoTrackError{Filter: f.name, What: f.failed}
		}
		tracks = left
	}
	return tracks, nil
}

func isVideo(t *media.Track) bool { return t.Kind == media.Video }

// speaks tells whether a language tag matches one of the ranges (RFC 4647, 3.3.1).
func speaks(tag string, ranges []string) bool {
	for _, r := range ranges {
		if len(tag) >= len(r) && strings.EqualFold(tag[:len(r)], r) && (len(tag) == len(r) || tag[len(r)] == '-') {
			return true
		}
	}
	return false
}

// narrowRows is rows without the tracks that nobody wants.
type narrowRows struct {
	rows media.Rows
	of   *narrowRuns
}

// Len implements media.Rows.
func (n *narrowRows) Len() int { return n.rows.Len() }

// At implements media.Rows. It gives the row itself where its run has no other tracks.
func (n *narrowRows) At(i int) *media.Row {
	row := n.rows.At(i)
	run := n.of.run(row.Run)
	if run.narrow == row.Run {
		return row
	}
	out := *row
	out.Run, out.Segments = run.narrow, pick(row.Segments, run.columns)
	return &out
}

// narrowRuns is runs with the wanted tracks only, each made once, so that all rows of a run have the same one.
type narrowRuns struct {
	names []string

	mu   sync.Mutex
	runs map[*media.Run]*narrowRun
	last *narrowRun
}

// narrowRun is a run with the wanted tracks only.
type narrowRun struct {
	whole, narrow *media.Run
	columns       []int // of narrow's tracks in whole
}

func (n *narrowRuns) run(whole *media.Run) *narrowRun {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last != nil && n.last.whole == whole {
		return n.last
	}
	if n.runs == nil {
		n.runs = make(map[*media.Run]*narrowRun)
	}
	r := n.runs[whole]
	if r == nil {
		r = &narrowRun{whole: whole, narrow: whole}
		run := *whole
		run.Tracks = nil
		for i, t := range whole.Tracks {
			if slices.Contains(n.names, t.Name) {
				run.Tracks = append(run.Tracks, t)
				r.columns = append(r.columns, i)
			}
		}
		if len(run.Tracks) < len(whole.Tracks) {
			r.narrow = &run
		}
		n.runs[whole] = r
	}
	n.last = r
	return r
}

// pick is the elements of all at those places.
func pick[T any](all []T, places []int) []T {
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = all[p]
	}
	return out
}
