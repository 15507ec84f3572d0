package dash

import (
	"strings"
	"time"

	"weir/internal/media"
)

// What a row is expected to be like, before it is complete.
const (
	// sample is how many of the newest rows are looked at. Their longest is expected: a player that was told too much finds the next segment
	// where it looks for it, one that was told too little asks for the same again.
	sample = 8
	// even is how many rows of about the same length make a channel regular, so that a row may be listed before it has begun.
	even = 4
	// unlike is the part of a row's length by which others may differ.
	unlike = 20
)

// outlook is what is expected of a stretch's lead track.
type outlook struct {
	ends    []media.Ticks // of its open rows and of the one behind them, if that is listed
	numbers []uint64
}

// outlookOf looks at the rows that the stretch has, complete and open. Of a row that is open in one track and closed in another nothing is told before it is
// complete: that takes moments, and publishTime would have to count it.
func (b *builder) outlookOf(s *stretch) outlook {
	var o outlook
	lead := s.run.Lead()
	length, regular := b.rowLength(s, lead)
	number, at := uint64(0), media.Ticks(0)
	if row := b.before(s); row != nil {
		seg := row.Segments[0]
		number, at = row.Number+1, seg.Start+seg.Duration
	} else if len(s.open) > 0 {
		number, at = s.open[0].Number, begin(&s.open[0].Segments[0])
	}
	rows := len(s.open)
	if s.last && regular {
		rows++
	}
	points, cut := b.splicePoints(), false
	for i := range rows {
		if cut && i >= len(s.open) {
			break // how long the row behind a splice is depends on the encoder
		}
		if lead.Kind == media.Audio { // it can be cut at each frame: that at the border or the next
			length = wholeFrames(media.NextBorder(at, lead.Timescale, b.window.Segment)-at, lead)
		}
		end := at + length
		if p, ok := cutBetween(points, at, end, lead); ok {
			end, cut = p, true
		}
		at = end
		o.ends, o.numbers = append(o.ends, at), append(o.numbers, number)
		number++
	}
	return o
}

// begin is where a segment of the first row of a Period begins.
func begin(o *media.OpenSegment) media.Ticks {
	if o.Segment != nil {
		return o.Segment.Start
	}
	return o.Start
}

// before is the newest complete row of the stretch's run, or nil. Of a run that goes on from another stretch it is in that.
func (b *builder) before(s *stretch) *media.Row {
	if s.to == 0 {
		return nil
	}
	if row := b.window.Rows.At(s.to - 1); row.Run.ID == s.run.ID {
		return row
	}
	return nil
}

// rowLength is how long the next row of the lead track is expected to be, and whether that is likely.
func (b *builder) rowLength(s *stretch, lead media.Track) (length media.Ticks, regular bool) {
	seen, points, usual := 0, b.splicePoints(), true
	var newest media.Ticks
	for i := s.to - 1; i >= 0 && seen < sample; i-- {
		row := b.window.Rows.At(i)
		if row.Run.ID != s.run.ID {
			break
		}
		if len(points) > 0 && (splicedAt(points, row.Start) || splicedAt(points, row.End())) {
			usual = usual && i < s.to-1
			continue // it is as long as the splices have made it
		}
		d := row.Segments[0].Duration
		if seen == 0 {
			newest = d
		}
		if apart := max(d-newest, newest-d); apart > newest/unlike {
			break
		}
		length = max(length, d)
		seen++
	}
	if seen == 0 {
		length = media.FromDuration(b.window.Segment, lead.Timescale)
	}
	return max(length, 1), seen >= even && usual
}

// tail is what is listed of a track behind the complete rows, one entry a segment.
func (b *builder) tail(s *stretch, column int, o outlook) []entry {
	t, lead := s.run.Tracks[column], s.run.Lead()
	if t.Part <= 0 || len(o.ends) == 0 {
		return nil // a segment is one chunk: there is nothing of it before it is complete
	}
	at := media.Ticks(0)
	if row := b.before(s); row != nil {
		seg := row.Segments[column]
		if seg == nil || seg.Gap() {
			return nil // the track has ended
		}
		at = seg.Start + seg.Duration
	} else if first := &s.open[0].Segments[column]; first.Segment == nil || !first.Segment.Gap() {
		at = begin(first)
	} else {
		return nil
	}
	if at < 0 {
		return nil
	}
	tail := make([]entry, 0, len(o.ends))
	for i, end := range o.ends {
		if column > 0 {
			end = media.RescaleUp(end, lead.Timescale, t.Timescale)
			if t.Kind == media.Audio {
				end = at + wholeFrames(end-at, t)
			}
		}
		e := entry{number: o.numbers[i], start: at, d: max(end-at, 1), n: 1}
		tail = append(tail, e)
		at += e.d
	}
	return tail
}

// begun tells whether anything is listed of a stretch of which no row is complete.
func (b *builder) begun(s *stretch) bool {
	o := b.outlookOf(s)
	for column := range s.run.Tracks {
		if len(b.tail(s, column, o)) > 0 {
			return true
		}
	}
	return false
}

// expectedEnd is where the open rows of a stretch end on the channel timeline.
func (b *builder) expectedEnd(s *stretch) time.Time {
	o := b.outlookOf(s)
	return o.ends[len(s.open)-1].Time(s.run.Lead().Timescale)
}

// frame is how many ticks an audio frame lasts, by codec; 1 where it is not fixed.
func frame(t media.Track) media.Ticks {
	switch t.Codec {
	case media.AAC:
		if strings.HasSuffix(t.Codecs, ".5") || strings.HasSuffix(t.Codecs, ".29") { // HE-AAC: half the rate, twice
			return 2048
		}
		return 1024
	case media.AC3, media.EAC3:
		return 1536
	case media.MP3, media.MP2:
		return 1152
	case media.Opus:
		return media.Ticks(t.Timescale) / 50
	}
	return 1
}

// wholeFrames is d, up to the end of a frame; one at least.
func wholeFrames(d media.Ticks, t media.Track) media.Ticks {
	f := max(frame(t), 1)
	return max(1, (d+f-1)/f) * f
}

// longestFrame is by how much segments may exceed the target duration: they end with a whole frame.
func longestFrame(tracks []media.Track) time.Duration {
	longest := time.Duration(0)
	for _, t := range tracks {
		if t.Kind == media.Audio && t.Timescale > 0 {
			longest = max(longest, frame(t).Duration(t.Timescale))
		}
	}
	return longest
}
