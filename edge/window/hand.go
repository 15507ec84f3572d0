package window

import (
	"slices"
	"time"

	"weir/internal/media"
)

// What is at hand is never less than handRows rows and handTargets target durations, where there is so much: that is where players of live media are,
// and what they are told of parts.
const (
	handRows    = 6
	handTargets = 4
)

// hand is which rows have their media in memory: a stretch up to the newest. That of older rows can be read back from the bus.
type hand struct {
	from  uint64 // number of the oldest; nothing of it is at hand where it is behind the newest
	limit int64  // bytes that it should stay under; 0: no limit
}

// take counts in a row that has become the newest.
func (w *Window) take(row *media.Row) {
	held := atHand(row)
	w.rowBytes += held
	w.allBytes += mediaOf(row)
	switch {
	case held < mediaOf(row):
		w.hand.from = row.Number + 1
	case w.rows.n == 1:
		w.hand.from = row.Number
	}
	w.letGo()
}

// Limit bounds how many bytes of media are at hand, as far as that is possible; 0: no bound. What is over it, of the oldest, is let go of.
func (w *Window) Limit(bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hand.limit = max(bytes, 0)
	w.letGo()
}

// letGo lets go of the oldest media that is over the limit.
func (w *Window) letGo() {
	newest := w.rows.last()
	if newest == nil || w.hand.limit == 0 {
		return
	}
	for w.rowBytes > w.hand.limit {
		row := w.rows.find(max(w.hand.from, w.rows.At(0).Number))
		if row == nil || row.Number+handRows > newest.Number || newest.End().Sub(row.End()) < handTargets*w.target {
			return
		}
		w.rowBytes -= atHand(row)
		w.rows.replace(without(row))
		w.hand.from = row.Number + 1
	}
}

// Older is the newest row whose media is not at hand, though there is room for it; nil: there is none, or no need for it.
func (w *Window) Older() *media.Row {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rows.n == 0 || w.hand.from == 0 || w.hand.from <= w.rows.At(w.left).Number {
		return nil
	}
	row := w.rows.find(w.hand.from - 1)
	if row == nil || w.hand.limit > 0 && w.rowBytes+mediaOf(row) > w.hand.limit {
		return nil
	}
	return row
}

// Return puts the media of a row that Older gave back to hand: beside its tracks, nil for a gap.
func (w *Window) Return(row *media.Row, data [][]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed.Load() || w.hand.from != row.Number+1 || w.rows.find(row.Number) != row || len(data) != len(row.Segments) {
		return // the window has moved on
	}
	full := *row
	full.Segments = slices.Clone(row.Segments)
	for i, s := range row.Segments {
		if s.Gap() {
			continue
		}
		if int64(len(data[i])) != s.Bytes {
			return
		}
		back := *s
		back.Data = data[i]
		full.Segments[i] = &back
	}
	w.rowBytes += mediaOf(row) - atHand(row)
	w.rows.replace(&full)
	w.hand.from = row.Number
	w.letGo()
}

// atHand is how many bytes of a row's media are in memory, all or none; mediaOf is how many it has.
func atHand(row *media.Row) (bytes int64) {
	for _, s := range row.Segments {
		bytes += int64(len(s.Data))
	}
	return bytes
}

func mediaOf(row *media.Row) (bytes int64) {
	for _, s := range row.Segments {
		bytes += s.Bytes
	}
	return bytes
}

// without is the row without its media.
func without(row *media.Row) *media.Row {
	bare := *row
	bare.Segments = make([]*media.Segment, len(row.Segments))
	for i, s := range row.Segments {
		if bare.Segments[i] = s; !s.Gap() {
			bare.Segments[i] = elsewhere(s, row.Run.Tracks[i].Kind)
		}
	}
	return &bare
}

// elsewhere is a segment without its media: with one part, that says what manifests are to know of its beginning.
func elsewhere(s *media.Segment, k media.Kind) *media.Segment {
	bare := &media.Segment{SegmentEnd: s.SegmentEnd}
	part := media.Part{Size: int(s.Bytes), Duration: s.Duration, Independent: true}
	switch {
	case k != media.Video:
	case s.Keys.First:
		part.Key = s.Keys.Size
	case len(s.Parts) > 0: // its end is of a writer that did not tell of keys
		part.Independent, part.Key = s.Parts[0].Independent, s.Parts[0].Key
	default:
		part.Independent = false
	}
	bare.Parts = []media.Part{part}
	return bare
}

// handDepth is for how long media is at hand before the newest.
func (w *Window) handDepth() time.Duration {
	newest := w.rows.last()
	if newest == nil {
		return 0
	}
	row := w.rows.find(max(w.hand.from, w.rows.At(w.left).Number))
	if row == nil {
		return 0
	}
	return newest.End().Sub(row.Start)
}
