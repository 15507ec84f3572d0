package library

import (
	"context"
	"errors"

	"weir/internal/origin"
	"weir/packager/vod"
)

// Bounds of what one segment costs.
const (
	maxHeld     = 64 << 20 // bytes of a segment that is kept in memory; a larger one is read for each who asks for it
	maxTogether = 8        // tracks that are made of one read
	maxMissed   = 16       // times that a segment may land, and make room for others, before it is found
)

// segment is a segment of a title: in memory, on its way there, or to be read; own: without asking other edges.
func (l *Library) segment(t *title, k key, own bool) (Body, error) {
	b, err := l.body(t, k, own)
	if err == nil && !k.keys && !own { // another edge reads ahead itself
		l.readAhead(t, k)
	}
	return b, err
}

func (l *Library) body(t *title, k key, own bool) (Body, error) {
	if data := l.cache.get(k); data != nil {
		return &inMemory{data, t.tag(k)}, nil
	}
	f := l.flying(k)
	if f != nil && !(own && f.lent) {
		return &boarded{flight: f, tag: t.tag(k)}, nil
	}
	seg, ok := t.segment(k)
	if !ok {
		return nil, ErrNoSegment
	}
	switch {
	case f != nil:
		return t.aside(k, seg), nil
	case len(seg.Spans) == 0:
		return &inMemory{seg.Head, t.tag(k)}, nil
	case seg.Size > min(maxHeld, l.cache.largest()):
		return &direct{files: t.files, segment: seg, tag: t.tag(k), gap: t.gap}, nil
	}
	for range maxMissed {
		f := l.fly(t, k, seg, own)
		if f != nil && own && f.lent {
			return t.aside(k, seg), nil
		}
		if f != nil {
			return &boarded{flight: f, tag: t.tag(k)}, nil
		}
		if data := l.cache.find(k); data != nil { // it has landed meanwhile
			return &inMemory{data, t.tag(k)}, nil
		}
		if l.ctx.Err() != nil {
			return nil, ErrClosed
		}
	}
	return nil, ErrBusy
}

// flying is the flight of a segment that is on its way, or nil.
func (l *Library) flying(k key) *flight {
	l.flights.mu.Lock()
	defer l.flights.mu.Unlock()
	return l.flights.by[k]
}

// fly is the flight of a segment: one that is on its way, or a new one. nil: it is in memory by now, or the library is closed.
// Own is as segment has it.
func (l *Library) fly(t *title, k key, seg vod.Segment, own bool) *flight {
	if f := l.flying(k); f != nil {
		return f
	}
	lent := !own && l.lent(t, k)
	var others []*load
	if !lent {
		others = l.others(t, k, &seg)
	}
	fl := &l.flights
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if f := fl.by[k]; f != nil { // meanwhile
		return f
	}
	if l.cache.has(k) {
		return nil
	}
	first := &load{segment: seg, flight: newFlight(k, &seg)}
	first.flight.lent = lent
	reads, made := plan(first, others, t.gap, func(o *load) bool { return fl.by[o.flight.key] == nil })
	for _, m := range made {
		fl.by[m.flight.key] = m.flight
	}
	l.shelf.hold(t)
	if l.start(func() { l.land(t, reads, made) }) {
		return first.flight
	}
	for _, m := range made {
		delete(fl.by, m.flight.key)
	}
	l.shelf.release(t)
	return nil
}

// others are the segments of the same row that the reading of one may make too.
func (l *Library) others(t *title, k key, of *vod.Segment) (all []*load) {
	if k.keys {
		return nil
	}
	for _, track := range t.plan.Window().Tracks {
		o := key{t.generation, track.Name, k.number, false}
		if o == k || l.cache.has(o) {
			continue
		}
		seg, ok := t.segment(o)
		if !ok || len(seg.Spans) == 0 || seg.Spans[0].File != of.Spans[0].File || seg.Size > maxHeld {
			continue
		}
		if all = append(all, &load{segment: seg, flight: newFlight(o, &seg)}); len(all) == maxTogether {
			break
		}
	}
	return all
}

// land makes the reads of a plan, keeps what came of them, and ends their flights.
func (l *Library) land(t *title, reads []read, made []*load) {
	defer l.shelf.release(t)
	size := int64(blockSize) // the buffer
	for _, m := range made {
		size += m.segment.Size
	}
	size = min(size, l.roomFor) // what is larger flies alone
	err := l.room.Acquire(l.ctx, size)
	if err == nil {
		defer l.room.Release(size)
		err = l.take(t, reads, made)
	}
	if err != nil {
		l.failed(t, err)
	}
	l.flights.mu.Lock()
	for _, m := range made {
		if err == nil {
			l.keep(t, m.flight.key, m.flight.data)
		}
		delete(l.flights.by, m.flight.key)
	}
	l.flights.mu.Unlock()
	for _, m := range made {
		m.flight.end(err)
	}
}

// keep puts a segment into the memory. The first ones of a title are its head.
func (l *Library) keep(t *title, k key, data []byte) {
	l.cache.put(k, data)
	if k.number == t.first && !k.keys {
		l.heads.pin(t, k, data)
	}
}

// failed tells of a read that failed.
func (l *Library) failed(t *title, err error) {
	if errors.Is(err, context.Canceled) && l.ctx.Err() != nil {
		return
	}
	l.failures.Add(1)
	l.shelf.note(t, err, l.cfg.Now())
	l.cfg.Log.Warn("a segment cannot be read", "asset", t.id, "err", err)
	if errors.Is(err, origin.ErrChanged) {
		l.shelf.drop(t.id, t)
	}
}

// readAhead begins to read the segment behind one that was asked for, if nobody has yet and there is room for it.
func (l *Library) readAhead(t *title, k key) {
	k.number++
	if l.cache.has(k) || l.flying(k) != nil {
		return
	}
	select {
	case l.ahead <- struct{}{}:
	default:
		return
	}
	done := func() { <-l.ahead }
	seg, ok := t.segment(k)
	if !ok || len(seg.Spans) == 0 || seg.Size > min(maxHeld, l.cache.largest()) {
		done()
		return
	}
	f := l.fly(t, k, seg, false)
	if f == nil || !l.start(func() { defer done(); f.wait() }) {
		done()
	}
}
