package window

import (
	"time"

	"weir/internal/media"
)

// What a window holds of things that are not complete, whatever comes in.
const (
	maxTarget       = time.Minute
	maxTracks       = 32      // a run
	maxInitBytes    = 1 << 20 // an init segment
	maxSpareRuns    = 64      // announced runs of which no row is listed
	maxChunks       = 4096    // a segment
	maxPendingRows  = 64
	maxPendingCost  = 256 << 20 // bytes of all pending rows, with chunkCost for each chunk
	chunkCost       = 128       // what is kept of a chunk beside its bytes, in bytes, roughly
	maxNumber       = 1<<53 - 1 // of a segment, so that scripts in players can count it
	maxSegmentTicks = 1 << 42   // of a segment or a chunk: no timescale makes them longer
)

// pendingRow is a row that is not listed yet.
type pendingRow struct {
	openRow
	made []*media.Segment // what its segments became; nil: still open. It becomes Segments of the row
	done int              // how many are closed
	cost int64            // of its open and closed segments
}

func (p *pendingRow) complete() bool { return p.done == len(p.segments) }

// Run implements bus.Handler: it announces a run and the init segments of its tracks.
func (w *Window) Run(run media.Run, inits []media.Init) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed.Load() {
		return
	}
	if w.isAnew(&run) {
		w.log.Warn("the channel has begun anew, with numbers that it had before: the window begins anew too", "run", run.ID)
		w.empty()
		clear(w.runs)
		w.collectInits()
		w.started = false
		w.publish()
	}
	if w.runs[run.ID] != nil {
		return
	}
	if err := checkRun(&run, inits); err != nil {
		w.counts.refused++
		w.log.Error("a run is refused", "run", run.ID, "error", err)
		return
	}
	w.runs[run.ID] = &knownRun{run: &run, inits: inits}
	w.collectInits()
	w.forgetRuns()
	w.publishOpen(nothing)
}

// Chunk implements bus.Handler: a chunk takes its place in its segment.
func (w *Window) Chunk(c media.Chunk) {
	w.mu.Lock()
	defer w.mu.Unlock()
	row, i, seen := w.place(c.Run, c.Segment, c.Track, c.Timescale)
	if row == nil {
		return
	}
	o := row.segments[i]
	if o.done != nil || c.Index < 0 || c.Index >= maxChunks || len(c.Data) == 0 || c.Duration < 0 || c.Duration > maxSegmentTicks {
		w.counts.refused++
		w.tell(seen)
		return
	}
	parts := len(o.parts)
	if !o.add(c) {
		w.counts.duplicates++
		return
	}
	if len(o.parts) > parts {
		seen = max(seen, part)
	}
	w.arrived(c.Wall)
	w.charge(row, int64(len(c.Data)), chunkCost)
	w.tell(max(seen, w.settle(row, i)))
}

// End implements bus.Handler: a segment has all its chunks, or is a gap. The first end of a segment counts.
func (w *Window) End(e media.SegmentEnd) {
	w.ended(e, e.Chunks >= 0, w.settle)
}

// Stored implements bus.Joiner: a segment has all its chunks, but none of them comes.
func (w *Window) Stored(e media.SegmentEnd) {
	w.ended(e, e.Chunks > 0 && e.Bytes > 0, func(row *pendingRow, track int) change {
		o := row.segments[track]
		held, cost := o.bytes, int64(o.held())*chunkCost
		o.become(elsewhere(&media.Segment{SegmentEnd: e}, row.run.Tracks[track].Kind))
		w.charge(row, -held, -cost)
		w.finish(row, track)
		return opening
	})
}

// ended takes a segment's end in, if it makes sense, and has the segment closed, which gives what readers see of that.
func (w *Window) ended(e media.SegmentEnd, sound bool, closing func(row *pendingRow, track int) change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	row, i, seen := w.place(e.Run, e.Segment, e.Track, e.Timescale)
	if row == nil {
		return
	}
	o := row.segments[i]
	switch {
	case o.end != nil:
		w.counts.duplicates++
		return
	case !sound || e.Chunks > maxChunks || e.Duration < 0 || e.Duration > maxSegmentTicks:
		w.counts.refused++
		w.tell(seen)
		return
	}
	o.expect(e)
	w.arrived(e.Wall)
	w.tell(max(seen, closing(row, i)))
}

// tell lists what can be listed now, and shows what else has changed.
func (w *Window) tell(c change) {
	if !w.advance() && c > nothing {
		w.publishOpen(c)
	}
}

// place is the pending row and the position of the track that a message is for, and what readers see of it that is new. The row is nil
// where the message is late or makes no sense.
func (w *Window) place(run, number uint64, track string, timescale uint32) (row *pendingRow, position int, seen change) {
	if w.closed.Load() {
		return nil, 0, nothing
	}
	if w.started && number < w.next {
		w.counts.late++
		return nil, 0, nothing
	}
	known := w.runs[run]
	if known == nil || number > maxNumber || number < known.run.First {
		w.counts.refused++
		return nil, 0, nothing
	}
	position = -1
	for i, t := range known.run.Tracks {
		if t.Name == track && t.Timescale == timescale {
			position = i
		}
	}
	row = w.pending[number]
	if position < 0 || row != nil && row.run.ID != run {
		w.counts.refused++
		return nil, 0, nothing
	}
	if row == nil {
		n := len(known.run.Tracks)
		row = &pendingRow{openRow: openRow{number: number, run: known.run, segments: make([]*Open, n)}, made: make([]*media.Segment, n)}
		for i := range row.segments {
			row.segments[i] = newOpen()
		}
		w.pending[number] = row
		return row, position, opening
	}
	return row, position, nothing
}

// arrived notes that there is something as new as wall. A clock that runs ahead must not keep the window for ever.
func (w *Window) arrived(wall time.Time) {
	now := w.now()
	if wall.IsZero() || wall.After(now) {
		wall = now
	}
	if wall.After(w.newest) {
		w.newest = wall
	}
}

// settle closes a segment that is whole, and gives what readers see of that.
func (w *Window) settle(row *pendingRow, track int) change {
	o := row.segments[track]
	if o.done != nil || !o.whole() {
		return nothing
	}
	held, cost := o.bytes, int64(o.held())*chunkCost
	if !o.close(w.table) {
		w.counts.damaged++
		w.log.Error("a segment is damaged: size or checksum do not agree with its end; it becomes a gap",
			"track", o.end.Track, "segment", row.number, "bytes", held, "want", o.end.Bytes)
	}
	if o.done.Data == nil {
		w.charge(row, -held, -cost)
	}
	w.finish(row, track)
	return opening
}

// finish counts one more closed segment of a row.
func (w *Window) finish(row *pendingRow, track int) {
	row.made[track] = row.segments[track].done
	row.done++
	if row.complete() {
		w.complete++
	}
}

// charge counts media bytes, and what else is kept, of a pending row.
func (w *Window) charge(row *pendingRow, bytes, beside int64) {
	row.cost += bytes + beside
	w.pendingBytes += bytes
	w.pendingCost += bytes + beside
}

// discard drops a pending row with all that is there of it.
func (w *Window) discard(number uint64) {
	row := w.pending[number]
	if row == nil {
		return
	}
	for _, o := range row.segments {
		if o.done == nil || o.done.Data != nil {
			w.pendingBytes -= o.bytes
		}
		o.abandon()
	}
	w.remove(row)
}

// remove takes a row from the pending ones.
func (w *Window) remove(row *pendingRow) {
	if row.complete() {
		w.complete--
	}
	w.pendingCost -= row.cost
	delete(w.pending, row.number)
}
