package main

import (
	"log/slog"
	"sync/atomic"

	"weir/edge"
	"weir/internal/bus"
	"weir/internal/config"
	"weir/internal/control"
	"weir/internal/library"
	"weir/internal/shard"
)

// peers is the other edges of a bus. A nil one knows none.
type peers struct {
	members *shard.Members
	asked   *shard.Peers
	self    atomic.Pointer[edge.Server] // nil: it serves nobody yet
}

// joinPeers joins the edges of an outside bus; nil: with an embedded one there are no others.
func joinPeers(cfg config.Config, b *bus.Bus, log *slog.Logger) *peers {
	if cfg.Bus.URL == "" {
		return nil
	}
	log = log.With("area", "peers")
	p := &peers{}
	own := cfg.Edge.Peer
	p.members = shard.Join(shard.Config{
		Bucket: b.Edges, Self: shard.Member{ID: b.Instance(), Address: own.Address, Group: cfg.Edge.Group}, Load: p.load, Log: log,
	})
	p.asked = shard.NewPeers(p.members, own.Secret, own.Timeout, log)
	return p
}

// load is how many players are connected, and how many channels lag.
func (p *peers) load() (connections, lagging int) {
	if e := p.self.Load(); e != nil {
		return e.Stats().Connections, e.Lagging()
	}
	return 0, 0
}

// best is that edge among the others where the fewest channels lag.
func (p *peers) best() (lagging int, other bool) {
	if p == nil {
		return 0, false
	}
	return p.members.Best()
}

// count makes the load that of e.
func (p *peers) count(e *edge.Server) {
	if p != nil {
		p.self.Store(e)
	}
}

// sharing is whom the library asks.
func (p *peers) sharing() library.Peers {
	if p == nil {
		return nil
	}
	return p.asked
}

// known is what the admin API tells of them.
func (p *peers) known() control.Edges {
	if p == nil {
		return nil
	}
	return p.asked
}

// close leaves.
func (p *peers) close() {
	if p != nil {
		p.members.Close()
		p.asked.Close()
	}
}
