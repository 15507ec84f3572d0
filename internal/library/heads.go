package library

import (
	"context"
	"sync"
)

// heads keeps the beginnings of titles in memory: those of all that the catalog lists, as far as there is room for them, and of those that
// were asked for lately in the place of the others.
type heads struct {
	of    *Library
	limit int64

	mu    sync.Mutex
	order []uint64 // generations that have something pinned, the one that was pinned the longest ago first
}

func (h *heads) init(of *Library) { h.of, h.limit = of, of.cfg.Head }

// pin keeps a segment at the beginning of a title. What was pinned the longest ago makes room for it.
func (h *heads) pin(t *title, k key, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if weigh(data) > h.limit/2 {
		return
	}
	known := false
	for _, g := range h.order {
		known = known || g == t.generation
	}
	if !known {
		h.order = append(h.order, t.generation)
	}
	h.of.cache.pin(k, data)
	for h.of.cache.pinnedBytes() > h.limit && len(h.order) > 1 {
		h.of.cache.unpin(h.order[0])
		h.order = h.order[1:]
	}
	if h.of.cache.pinnedBytes() > h.limit {
		h.of.cache.unpin(h.order[0])
		h.order = nil
	}
}

// full tells whether there is no room for the head of another title as they are on average.
func (h *heads) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := int64(len(h.order))
	return n > 0 && h.of.cache.pinnedBytes()*(n+1)/n > h.limit
}

// Run follows the catalog until ctx ends: it reads the beginnings of the assets that are listed, and lets go of what has changed.
func (l *Library) Run(ctx context.Context) {
	if l.cfg.Catalog == nil {
		return
	}
	for change := range l.cfg.Catalog.Watch(ctx) {
		l.shelf.forget(change.ID)
		if !change.Deleted && !l.heads.full() {
			l.warm(ctx, change.ID)
		}
	}
}

// warm reads the beginning of an asset. What goes wrong is logged where it does.
func (l *Library) warm(ctx context.Context, id string) {
	t, err := l.title(ctx, id)
	if err != nil {
		return
	}
	defer l.shelf.release(t)
	for _, track := range t.plan.Window().Tracks {
		b, err := l.body(t, key{t.generation, track.Name, t.first, false}, false)
		if err != nil {
			continue
		}
		if f, on := b.(*boarded); on && ctx.Err() == nil {
			f.flight.wait()
		}
	}
}
