package edge

import (
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// statuses are those that are counted apart; all others are counted as 0.
var statuses = [...]int{0, 200, 204, 206, 304, 400, 404, 405, 408, 413, 416, 431, 500, 503}

// counters counts what was answered.
type counters struct {
	requests [kinds][len(statuses)]atomic.Uint64
	bytes    [kinds]atomic.Uint64
}

// add counts an answer with that many bytes of body.
func (c *counters) add(k kind, status, bytes int) {
	place := 0
	if status == fasthttp.StatusOK {
		place = 1
	} else {
		for i, st := range statuses {
			if st == status {
				place = i
			}
		}
	}
	c.requests[k][place].Add(1)
	c.sent(k, bytes)
}

// sent counts bytes of a body.
func (c *counters) sent(k kind, bytes int) {
	if bytes > 0 {
		c.bytes[k].Add(uint64(bytes))
	}
}

// Requests is how many requests for one kind of thing were answered with one status.
type Requests struct {
	Kind   string // as kind.String says: page, multivariant, media, segment, …
	Status int    // 0: one that is not counted apart
	Count  uint64
}

// Stats is what the edge has done since it was made.
type Stats struct {
	Requests    []Requests        // those that are not zero
	Bytes       map[string]uint64 // of bodies, by kind
	Connections int               // open now
	Held        int               // of them, those that wait for media to come, without costing a goroutine
	HeldInPlace int               // likewise, those that cost one
	HotBytes    int               // of the files that keep segments which are asked for often
	Renderings  uint64            // manifests that were rendered
	Peers       uint64            // requests of other edges for what assets are made of
}

// Stats is what the edge has done up to now.
func (s *Server) Stats() Stats {
	st := Stats{
		HeldInPlace: int(s.inPlace.Load()), HotBytes: s.hot.bytes(), Peers: s.peered.Load(),
		Bytes: make(map[string]uint64), Connections: s.conns.count(), Renderings: s.render.count.Load(),
	}
	for _, c := range *s.channels.all.Load() {
		st.Held += c.lot.held()
	}
	for k := range kinds {
		for i, status := range statuses {
			if n := s.counts.requests[k][i].Load(); n > 0 {
				st.Requests = append(st.Requests, Requests{Kind: k.String(), Status: status, Count: n})
			}
		}
		if n := s.counts.bytes[k].Load(); n > 0 {
			st.Bytes[k.String()] = n
		}
	}
	return st
}
