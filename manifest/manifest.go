// Package manifest holds what HLS and DASH say alike about a window: its runs, its bandwidths, its languages. The formats
// themselves are hls and dash: pure functions, a media.Window in, bytes out. Nothing here reads a clock or keeps state.
package manifest

import (
	"errors"
	"sort"

	"weir/internal/media"
)

// ErrEmpty says that a window lists nothing yet: there is no manifest to give.
var ErrEmpty = errors.New("window is empty")

// Span is the listed part of one run: rows From ≤ i < To of the window.
type Span struct {
	Run      *media.Run
	From, To int
}

// Spans cuts rows into the runs that they belong to, oldest first. It looks at few rows of each run, as the runs' IDs only rise.
func Spans(rows media.Rows) []Span {
	var spans []Span
	for from, n := 0, rows.Len(); from < n; {
		run := rows.At(from).Run
		to := from + sort.Search(n-from, func(i int) bool { return rows.At(from+i).Run.ID != run.ID })
		spans = append(spans, Span{Run: run, From: from, To: to})
		from = to
	}
	return spans
}

// Independent tells whether decoding can start at each listed segment of the track's column in rows From ≤ i < To of s. A
// GOP that is longer than the target duration is cut without an IDR, and then it cannot.
func (s Span) Independent(rows media.Rows, column int) bool {
	for i := s.From; i < s.To; i++ {
		seg := rows.At(i).Segments[column]
		if seg != nil && len(seg.Parts) > 0 && !seg.Parts[0].Independent {
			return false
		}
	}
	return true
}

// Plays tells whether any listed segment of that track has media. A track's last segments are gaps where it ended early.
func Plays(rows media.Rows, spans []Span, track string) bool {
	for k := len(spans) - 1; k >= 0; k-- {
		column := spans[k].Column(track)
		if column < 0 {
			continue
		}
		for i := spans[k].To - 1; i >= spans[k].From; i-- {
			if seg := rows.At(i).Segments[column]; seg != nil && !seg.Gap() {
				return true
			}
		}
	}
	return false
}

// Column is the place of the track of that name in the span's run, or -1.
func (s Span) Column(track string) int {
	for i := range s.Run.Tracks {
		if s.Run.Tracks[i].Name == track {
			return i
		}
	}
	return -1
}
