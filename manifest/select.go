package manifest

import (
	"fmt"
	"time"

	"weir/internal/media"
)

// Selection is what a player has asked to see of a window: a stretch of time, and some of the tracks. Its zero value is all.
type Selection struct {
	// Start and End are points in time by the wall clock, as EXT-X-PROGRAM-DATE-TIME tells it: rows that end after Start and begin
	// before End, by more than a few milliseconds. Zero: no bound.
	Start, End time.Time
	// Over tells that End is so long ago that nothing from before it will come any more.
	Over bool
	// DVR is how much can be rewound at most; 0: all that there is.
	DVR time.Duration

	Tracks     []string // names; nil: all
	MaxHeight  int      // of video tracks, in pixels; 0: any
	MaxBitrate int      // that is announced of a video track, in bits a second; 0: any
	Languages  []string // of audio tracks: BCP 47 ranges, a track's tag is one of them or begins with it; nil: any

	// Ordinary is without media of rows that are not complete.
	Ordinary bool
	// At is where players are to begin, counted from the beginning of what is listed; 0: where they like.
	At time.Duration
}

// All tells whether s is the zero value.
func (s *Selection) All() bool {
	return s.Start.IsZero() && s.End.IsZero() && !s.Over && s.DVR == 0 &&
		s.Tracks == nil && s.MaxHeight == 0 && s.MaxBitrate == 0 && s.Languages == nil && !s.Ordinary && s.At == 0
}

// NoTrackError says that a filter has left no track of the kinds that it looks at.
type NoTrackError struct {
	Filter string // the query parameter: tracks, maxheight, maxbitrate or lang
	What   string // what no track is
}

// Error implements error.
func (e *NoTrackError) Error() string { return e.Filter + ": no track " + e.What }

// minRows is what a shortened window keeps at least, as the window itself does (Apple's authoring specification, 8.11).
const minRows = 6

// Select is w as s lets it be seen. It is a view: the rows stay where they are, those of a window that is cut only in time are
// the same ones. What it costs does not depend on how many there are.
//
// While rows come and go, neither the number of the first row of a selection falls, nor is anything added once it has ended.
//
// Errors: ErrEmpty where nothing is left, a *NoTrackError.
func Select(w *media.Window, s Selection) (*media.Window, error) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return nil, fmt.Errorf("select of channel %s: %w", w.Channel, ErrEmpty)
	}
	out := *w
	out.At = s.At
	if s.Ordinary {
		out.Open, out.LowLatency = nil, false
	}
	from, to := 0, w.Rows.Len()
	if !s.End.IsZero() {
		to = cutEnd(&out, s)
	}
	if !s.Start.IsZero() {
		from = firstEnding(w.Rows, to, func(end time.Time) bool { return end.After(s.Start.Add(border)) })
	}
	if s.DVR > 0 {
		if to > 0 {
			from = max(from, shortened(w.Rows, to, s.DVR, w.Target))
		}
		out.DVR = min(w.DVR, s.DVR)
	}
	if from >= to {
		return nil, fmt.Errorf("select of channel %s: %w", w.Channel, ErrEmpty)
	}
	if from > 0 || to < w.Rows.Len() {
		out.Rows = &stretch{rows: w.Rows, from: from, n: to - from}
		out.Tracks = tracksOf(out.Rows, w.Tracks)
	}
	if from > 0 { // thumbnails are counted from the first row on
		out.Images = nil
	}
	if out.Ended && !w.Ended { // it stays so: what it says of itself must not change with what comes behind it
		newest := out.Rows.At(out.Rows.Len() - 1)
		out.Published = began(newest).Add(newest.Duration)
	}
	if err := narrow(&out, s); err != nil {
		return nil, err
	}
	return &out, nil
}
