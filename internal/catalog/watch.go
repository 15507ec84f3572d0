package catalog

import (
	"context"
	"sort"
)

// Change is what became of a channel.
type Change struct {
	ID      string
	Channel Channel // its settings now; zero where Deleted
	Deleted bool
}

// watcher is one subscriber. What it has still to be told is kept as IDs only: their state is looked up when it is told, so a
// slow subscriber costs the catalog nothing but the IDs of its channels.
type watcher struct {
	dirty []string            // in the order of the changes; guarded by Catalog.mu
	has   map[string]struct{} // the same as a set
	wake  chan struct{}       // holds one token while dirty may have something
}

// mark notes that the channel of that ID changed. The catalog's mu is held.
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

// Watch delivers all channels that there are, sorted by ID, then every change. Changes of a channel that come faster than they
// are received are folded into the newest, but for deletions: one that was deleted and made again meanwhile is told of as both.
// The returned channel is closed when ctx or the catalog ends.
func (c *Catalog) Watch(ctx context.Context) <-chan Change {
	out := make(chan Change)
	w := &watcher{has: make(map[string]struct{}), wake: make(chan struct{}, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		close(out)
		return out
	}
	ids := make([]string, 0, len(c.channels))
	for id := range c.channels {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		w.mark(id)
	}
	c.watchers[w] = struct{}{}
	c.wg.Go(func() {
		defer close(out)
		defer c.unwatch(w)
		c.tell(ctx, w, out)
	})
	return out
}

func (c *Catalog) unwatch(w *watcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.watchers, w)
}

// tell sends out what changed against what the subscriber was told before.
func (c *Catalog) tell(ctx context.Context, w *watcher, out chan<- Change) {
	told := make(map[string]known)
	for {
		ch, made, ok := c.next(w, told)
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-c.ctx.Done():
				return
			case <-w.wake:
				continue
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-c.ctx.Done():
			return
		case out <- ch:
		}
		if ch.Deleted {
			delete(told, ch.ID)
		} else {
			told[ch.ID] = known{ch.Channel, made}
		}
	}
}

// known is what a subscriber was told of a channel.
type known struct {
	channel Channel
	made    uint64 // which making of it that was
}

// next takes the oldest mark off the watcher that is news to it.
func (c *Catalog) next(w *watcher, told map[string]known) (ch Change, made uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(w.dirty) > 0 {
		id := w.dirty[0]
		now, present := c.channels[id]
		before, knew := told[id]
		if present && knew && before.made != c.made[id] {
			return Change{ID: id, Deleted: true}, 0, true // the mark stays: it has been made again
		}
		w.dirty = w.dirty[1:]
		delete(w.has, id)
		if present != knew || now != before.channel {
			return Change{ID: id, Channel: now, Deleted: !present}, c.made[id], true
		}
	}
	return Change{}, 0, false
}
