package edge

import (
	"maps"
	"slices"
	"sync/atomic"

	"weir/internal/catalog"
)

// elsewhere is the channels that are pinned to other groups of edges. The map is immutable and replaced when one comes or goes.
type elsewhere struct {
	ids atomic.Pointer[map[string]bool]
}

// has tells whether other edges serve a channel.
func (e *elsewhere) has(id string) bool {
	ids := e.ids.Load()
	return ids != nil && (*ids)[id]
}

// set says whether they do. Only one goroutine calls it.
func (e *elsewhere) set(id string, pinned bool) {
	if e.has(id) == pinned {
		return
	}
	ids := make(map[string]bool)
	if old := e.ids.Load(); old != nil {
		maps.Copy(ids, *old)
	}
	if delete(ids, id); pinned {
		ids[id] = true
	}
	e.ids.Store(&ids)
}

// placed is a change of the catalog as this edge has to follow it: a channel that is pinned to other groups is none of its own.
func (s *Server) placed(c catalog.Change) catalog.Change {
	groups := c.Channel.Groups.List()
	pinned := !c.Deleted && len(groups) > 0 && !slices.Contains(groups, s.group)
	s.elsewhere.set(c.ID, pinned)
	c.Deleted = c.Deleted || pinned
	return c
}
