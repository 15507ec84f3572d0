package library

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Bounds of what is kept open.
const (
	maxTitles   = 4096
	maxIndex    = 64 << 20         // bytes of indexes, at the least
	failedFor   = 3 * time.Second  // a title that could not be opened is not tried again
	checkEvery  = 10 * time.Second // whether its files are still those that it was made of
	openTimeout = time.Minute
)

// shelf is the titles that are open.
type shelf struct {
	mu    sync.Mutex
	by    map[string]*slot
	clock uint64
	bytes int64 // of all indexes
	limit int64
}

// slot is the place of a title on the shelf.
type slot struct {
	id      string
	ready   chan struct{} // closed when title or err is there
	title   *title        // nil: it is being opened, or could not be
	err     error
	until   time.Time // for how long err holds
	checked time.Time
	busy    bool // it is being checked
	used    uint64
}

// done tells whether the slot has its title, or the error.
func (s *slot) done() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

// take is the slot of that ID, and its title, with one user more, where it has one; fresh: it is a new slot, which the caller must settle. check
// tells that it is time to look at the title's files, which the caller must do, and then swap.
func (s *shelf) take(id string, now time.Time) (sl *slot, t *title, fresh, check bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock++
	sl = s.by[id]
	if sl != nil && sl.done() && sl.title == nil && !now.Before(sl.until) {
		sl = nil
	}
	if sl == nil {
		sl = &slot{id: id, ready: make(chan struct{}), used: s.clock}
		s.by[id] = sl
		return sl, nil, true, false
	}
	sl.used = s.clock
	if t = sl.title; t != nil {
		t.users++
		if check = !sl.busy && now.Sub(sl.checked) >= checkEvery; check {
			sl.busy, sl.checked = true, now
		}
	}
	return sl, t, false, check
}

// wait is the slot's title, with one user more, when it is there.
func (s *shelf) wait(ctx context.Context, sl *slot) (*title, error) {
	select {
	case <-sl.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl.title == nil {
		return nil, sl.err
	}
	sl.title.users++
	return sl.title, nil
}

// settle gives a slot its title, or says why there is none.
func (s *shelf) settle(sl *slot, t *title, err error, now time.Time) {
	s.mu.Lock()
	var dropped []*title
	if t != nil && s.by[sl.id] != sl { // the shelf was cleared meanwhile
		dropped, t, err = append(dropped, t), nil, ErrClosed
	}
	sl.title, sl.err, sl.until, sl.checked = t, err, now.Add(failedFor), now
	if t != nil {
		s.bytes += t.bytes
		dropped = append(dropped, s.fit(sl)...)
	} else {
		s.forgetFailed(sl)
	}
	s.mu.Unlock()
	close(sl.ready)
	s.releaseAll(dropped)
}

// swap puts another title into a slot, nil: it is the same one; after a check.
func (s *shelf) swap(sl *slot, t *title) {
	s.mu.Lock()
	sl.busy = false
	var old *title
	switch {
	case t == nil:
	case s.by[sl.id] != sl:
		old = t
	default:
		old, sl.title = sl.title, t
		s.bytes += t.bytes - old.bytes
	}
	s.mu.Unlock()
	if old != nil {
		s.release(old)
	}
}

// drop takes a title off the shelf; who uses it goes on.
func (s *shelf) drop(id string, t *title) {
	s.mu.Lock()
	sl := s.by[id]
	if sl == nil || sl.title != t {
		s.mu.Unlock()
		return
	}
	delete(s.by, id)
	s.bytes -= t.bytes
	s.mu.Unlock()
	s.release(t)
}

// forget takes off an asset, and albums that it is a track of.
func (s *shelf) forget(id string) {
	s.mu.Lock()
	var dropped []*title
	for of, sl := range s.by {
		switch {
		case !sl.done():
		case sl.title == nil && of == id:
			delete(s.by, of)
		case sl.title != nil && (of == id || slices.Contains(sl.title.members, id)):
			delete(s.by, of)
			s.bytes -= sl.title.bytes
			dropped = append(dropped, sl.title)
		}
	}
	s.mu.Unlock()
	s.releaseAll(dropped)
}

// fit takes off what was not used for the longest until the bounds hold; never keep. s.mu is held.
func (s *shelf) fit(keep *slot) (dropped []*title) {
	for len(s.by) > maxTitles || s.bytes > s.limit {
		var oldest *slot
		for _, sl := range s.by {
			if sl != keep && sl.done() && (oldest == nil || sl.used < oldest.used) {
				oldest = sl
			}
		}
		if oldest == nil {
			break
		}
		delete(s.by, oldest.id)
		if oldest.title != nil {
			s.bytes -= oldest.title.bytes
			dropped = append(dropped, oldest.title)
		}
	}
	return dropped
}

// forgetFailed keeps what could not be opened from filling the shelf. s.mu is held.
func (s *shelf) forgetFailed(keep *slot) {
	if errors.Is(keep.err, ErrNotFound) && s.by[keep.id] == keep {
		delete(s.by, keep.id)
	}
	if len(s.by) <= maxTitles {
		return
	}
	for id, sl := range s.by {
		if sl != keep && sl.done() && sl.title == nil {
			delete(s.by, id)
		}
	}
}

// release lets go of a title; the last one closes its files.
func (s *shelf) release(t *title) {
	s.mu.Lock()
	t.users--
	last := t.users == 0
	s.mu.Unlock()
	if last {
		t.close()
	}
}

func (s *shelf) releaseAll(all []*title) {
	for _, t := range all {
		s.release(t)
	}
}

// note remembers why a title could not be read.
func (s *shelf) note(t *title, err error, now time.Time) {
	s.mu.Lock()
	t.failure, t.failedAt = err, now
	s.mu.Unlock()
}

// hold adds a user to a title that has one.
func (s *shelf) hold(t *title) {
	s.mu.Lock()
	t.users++
	s.mu.Unlock()
}

// clear takes all titles off.
func (s *shelf) clear() {
	s.mu.Lock()
	var all []*title
	for id, sl := range s.by {
		if sl.done() && sl.title != nil {
			all = append(all, sl.title)
		}
		delete(s.by, id)
	}
	s.bytes = 0
	s.mu.Unlock()
	s.releaseAll(all)
}
