package catalog

import "context"

// watcher is one subscriber. What it has still to be told is kept as IDs only: their state is looked up when it is told, so a
// slow subscriber costs the store nothing but IDs.
type watcher struct {
	dirty []string            // in the order of the changes; guarded by the store's mu
	has   map[string]struct{} // the same as a set
	wake  chan struct{}       // holds one token while dirty may have something
}

// mark notes that the one of that ID changed. The store's mu is held.
func (w *watcher) mark(id string) {
	if _, there := w.has[id]; !there {
		w.has[id] = struct{}{}
		w.dirty = append(w.dirty, id)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// watch delivers all that there is, sorted by ID, then every change, each as what news makes of it. Changes of one that come faster
// than they are received are folded into the newest, but for deletions: one that was deleted and made again meanwhile is told of as
// both. The returned channel is closed when ctx or the store ends.
func watch[V settings[V], P patch[V, P], C any](ctx context.Context, s *store[V, P], news func(id string, v V, deleted bool) C) <-chan C {
	out := make(chan C)
	w := &watcher{has: make(map[string]struct{}), wake: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		close(out)
		return out
	}
	for _, id := range s.sorted() {
		w.mark(id)
	}
	s.watchers[w] = struct{}{}
	s.wg.Go(func() {
		defer close(out)
		defer s.unwatch(w)
		tell(ctx, s, w, news, out)
	})
	return out
}

func (s *store[V, P]) unwatch(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, w)
}

// tell sends out what changed against what the subscriber was told before.
func tell[V settings[V], P patch[V, P], C any](ctx context.Context, s *store[V, P], w *watcher, news func(string, V, bool) C, out chan<- C) {
	told := make(map[string]known[V])
	for {
		id, now, deleted, ok := s.next(w, told)
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-s.ctx.Done():
				return
			case <-w.wake:
				continue
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.ctx.Done():
			return
		case out <- news(id, now.settings, deleted):
		}
		if deleted {
			delete(told, id)
		} else {
			told[id] = now
		}
	}
}

// known is what a subscriber was told of one.
type known[V any] struct {
	settings V
	made     uint64 // which making of it that was
}

// next takes the oldest mark off the watcher that is news to it.
func (s *store[V, P]) next(w *watcher, told map[string]known[V]) (id string, now known[V], deleted, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(w.dirty) > 0 {
		id := w.dirty[0]
		v, present := s.now[id]
		before, knew := told[id]
		if present && knew && before.made != s.made[id] {
			return id, known[V]{}, true, true // the mark stays: it has been made again
		}
		w.dirty = w.dirty[1:]
		delete(w.has, id)
		if present != knew || present && !v.equal(before.settings) {
			return id, known[V]{v, s.made[id]}, !present, true
		}
	}
	return "", known[V]{}, false, false
}
