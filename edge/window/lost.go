package window

import (
	"time"

	"weir/internal/media"
)

// maxBridge is how many rows of gaps may stand for rows that did not come.
const maxBridge = 256

// giveUp stops waiting for the next number: what is there of its row is listed, or rows of gaps take its place, or the
// listing begins anew behind the hole. It is false when nothing was given up.
func (w *Window) giveUp() bool {
	if row := w.pending[w.next]; row != nil && row.reference() != nil {
		w.patch(row)
		return true
	}
	gone := w.pending[w.next] != nil
	w.discard(w.next)
	follow := w.lowest(func(p *pendingRow) bool { return p.reference() != nil })
	if follow == nil {
		// Nothing says when anything ends, yet too much is held: the oldest goes.
		if oldest := w.lowest(func(*pendingRow) bool { return true }); oldest != nil && !gone {
			w.discard(oldest.number)
			gone = true
		}
		if gone {
			w.counts.lost++
		}
		return gone
	}
	for n := range w.pending {
		if n < follow.number {
			w.discard(n)
		}
	}
	w.counts.lost += follow.number - w.next
	if !w.bridge(follow) {
		w.restart(follow.number)
	}
	return true
}

// reference is an end that tells when the row's segments are, best that of the lead track; nil: none has come.
func (p *pendingRow) reference() *media.SegmentEnd {
	for _, o := range p.segments {
		if o.end != nil && o.end.Duration > 0 {
			return o.end
		}
	}
	return nil
}

// patch completes a row: the segments that are not closed become gaps.
func (w *Window) patch(row *pendingRow) {
	ref := row.reference()
	prev := w.rows.last()
	for i, o := range row.segments {
		if o.done != nil {
			continue
		}
		w.counts.lost++
		w.log.Error("a segment did not come whole and becomes a gap",
			"track", row.run.Tracks[i].Name, "segment", row.number, "bytes", o.bytes)
		held, cost := o.bytes, int64(o.held())*chunkCost
		if o.end == nil {
			e := gapBetween(row.run, i, row.number, startTime(ref), startTime(ref).Add(ref.Duration.Duration(ref.Timescale)), ref.Wall)
			e.Anchor = ref.Anchor
			if prev != nil && prev.Run == row.run {
				join(&e, prev.Segments[i])
			}
			o.end = &e
		}
		o.become(gap(*o.end))
		w.charge(row, -held, -cost)
		w.finish(row, i)
	}
}

// bridge lists rows of gaps from the next number up to the row that follows the hole. It is false where the time between
// the two is not what the missing rows can have lasted.
func (w *Window) bridge(follow *pendingRow) bool {
	prev, ref := w.rows.last(), follow.reference()
	missing := follow.number - w.next
	if prev == nil || missing > maxBridge {
		return false
	}
	run, from, to := prev.Run, prev.End(), startTime(ref)
	switch {
	case follow.run.ID == prev.Run.ID:
	case follow.run.ID != prev.Run.ID+1:
		return false
	case follow.run.First <= w.next: // all that is missing is of the new run
		run, from = follow.run, follow.run.Start
		if from.Before(prev.End()) {
			return false
		}
	case follow.run.First < follow.number: // some of it is
		return false
	default: // none is: the time between the runs need not be media
		if last := from.Add(time.Duration(missing) * prev.Duration); last.Before(to) {
			to = last
		}
	}
	each := to.Sub(from) / time.Duration(missing)
	if each <= 0 || each >= w.target+time.Second/2 {
		return false
	}
	w.log.Error("segments are lost; gaps stand for them", "segment", w.next, "count", missing)
	for k := range missing {
		start := from.Add(time.Duration(k) * each)
		end := start.Add(each)
		if k == missing-1 {
			end = to
		}
		w.addGaps(run, start, end, follow)
	}
	return true
}

// addGaps lists a row without media. Its segments begin where those before end, and end where those of the row that
// follows begin, if that has the next number and is of the same run.
func (w *Window) addGaps(run *media.Run, start, end time.Time, follow *pendingRow) {
	prev := w.rows.last()
	row := &media.Row{
		Number: w.next, Run: run, Start: start, Duration: end.Sub(start),
		Wall: prev.Wall.Add(start.Sub(prev.Start)), Segments: make([]*media.Segment, len(run.Tracks)),
	}
	if prev.Run == run {
		row.Anchor = prev.Anchor
	}
	row.Anchor = anchorOf(row.Anchor, run)
	for i := range run.Tracks {
		e := gapBetween(run, i, row.Number, start, end, row.Wall)
		e.Anchor = row.Anchor
		if prev.Run == run {
			join(&e, prev.Segments[i])
		}
		if follow.run == run && follow.number == row.Number+1 {
			if next := follow.segments[i].end; next != nil && next.Start > e.Start {
				e.Duration = next.Start - e.Start
			}
		}
		row.Segments[i] = gap(e)
	}
	w.add(row)
}

// gapBetween is the end of a gap segment that takes the time from start to end.
func gapBetween(run *media.Run, track int, number uint64, start, end, wall time.Time) media.SegmentEnd {
	t := run.Tracks[track]
	from := media.FromTime(start, t.Timescale)
	return media.SegmentEnd{
		Track: t.Name, Segment: number, Run: run.ID, Init: t.Init, Timescale: t.Timescale,
		Start: from, Duration: max(0, media.FromTime(end, t.Timescale)-from), Wall: wall,
	}
}

// join moves the beginning of e to where its predecessor ends, if it is near.
func join(e *media.SegmentEnd, before *media.Segment) {
	at := before.Start + before.Duration
	if shift := at - e.Start; shift < e.Duration && shift > -media.Ticks(e.Timescale) {
		e.Start = at
		e.Duration -= shift
	}
}
