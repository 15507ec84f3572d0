package hls

import (
	"fmt"
	"time"

	"weir/internal/media"
	"weir/manifest"
)

const (
	liveTargets = 3 // how many target durations before the end parts are listed (rfc8216bis, 6.2.2)
	skipTargets = 6 // the skip boundary, in target durations (4.4.3.8)
	holdTargets = 3 // HOLD-BACK, in target durations; PART-HOLD-BACK, in part targets
)

// listing is what a media playlist of one track lists: closed segments, and the parts of the one that is being made.
type listing struct {
	w       *media.Window
	track   string
	links   manifest.Links // escaped
	iframes bool           // it is an I-frame playlist

	rows   int     // entries that are rows of the window
	closed []entry // those behind them
	open   opening
	spans  []manifest.Span

	live     bool          // the window may still change
	part     time.Duration // PART-TARGET; 0: it has no parts
	holdBack media.Ticks   // PART-HOLD-BACK, ms; 0: no rendition has parts
	target   media.Ticks   // ms
	from     int           // entries from here on are listed with their parts
	skip     int           // closed segments that a delta update leaves out, oldest first
}

// list is the media playlist of a track, or its I-frame playlist.
//
// Errors: ErrEmpty, ErrTrack.
func list(w *media.Window, track string, links manifest.Links, iframes bool) (*listing, error) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return nil, fmt.Errorf("playlist of %s of channel %s: %w", track, w.Channel, ErrEmpty)
	}
	t := trackOf(w.Tracks, track)
	if t == nil {
		return nil, fmt.Errorf("playlist of %s of channel %s: %w", track, w.Channel, ErrTrack)
	}
	if iframes && t.Kind != media.Video {
		return nil, fmt.Errorf("playlist of I-frames of %s of channel %s: not video: %w", track, w.Channel, ErrTrack)
	}
	l := &listing{
		w: w, track: track, links: escaped(links), iframes: iframes, rows: w.Rows.Len(), spans: manifest.Spans(w.Rows), live: !w.Ended,
		target: targetOf(w),
	}
	l.from = l.rows
	if !early(w) {
		return l, nil
	}
	for i, run := 0, newestRun(w); i < len(run.Tracks); i++ {
		l.holdBack = max(l.holdBack, holdTargets*millisUp(run.Tracks[i].Part))
	}
	if iframes {
		return l, nil
	}
	l.open = leading(w, track, func(e entry) { l.closed = append(l.closed, e) })
	l.from = l.len()
	l.part = partNow(w, track)
	oldest, limits := l.from-l.within(liveTargets*l.target-1), l.open.limits
	for ; l.from > oldest; l.from-- {
		e := l.at(l.from - 1)
		part := partOf(e.run, e.column)
		if !limits.allow(part) {
			break
		}
		limits.add(part)
	}
	return l, nil
}

// len is how many closed segments are listed.
func (l *listing) len() int { return l.rows + len(l.closed) }

// at is closed segment i.
func (l *listing) at(i int) entry {
	if i >= l.rows {
		return l.closed[i-l.rows]
	}
	return entryOf(l.w.Rows.At(i), l.track)
}

// within is how many of the newest segments end no further than that from the end of the last one, in ms. Only closed segments are measured: what
// was too far once stays so.
func (l *listing) within(distance media.Ticks) int {
	sum, n := media.Ticks(0), 0
	for i := l.len() - 1; i >= 0 && sum <= distance; i-- {
		e := l.at(i)
		sum += e.duration()
		n++
	}
	return n
}

// skippable is how many segments a delta update leaves out (6.2.5.1): those that are before the skip boundary altogether.
func (l *listing) skippable() int {
	if !l.live {
		return 0
	}
	return l.len() - l.within(skipTargets*l.target)
}

// survey is that of all that is listed; rows is that of the window's rows.
func (l *listing) survey(rows survey) survey {
	for i := range l.closed {
		rows.add(&l.closed[i], l.target)
	}
	if s := l.open.segment; s != nil {
		rows.cut = rows.cut || !s.Parts[0].Independent
	}
	rows.cut = rows.cut && !l.iframes
	return rows
}

// mapped tells whether the playlist has an EXT-X-MAP, not counting segments that are skipped.
func (l *listing) mapped() bool {
	for _, s := range l.spans {
		if c := s.Column(l.track); c >= 0 && !isPlainText(s.Run, c) {
			return true
		}
	}
	for i := range l.closed {
		if c := l.closed[i].column; c >= 0 && !isPlainText(l.closed[i].run, c) {
			return true
		}
	}
	return l.open.segment != nil
}
