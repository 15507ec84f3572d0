package shard

import (
	"sync"
	"time"
)

const (
	passedFor = 2 * time.Second // who cannot be reached is not asked
	maxLate   = 3               // answers in a row that come too late: what they are made of may be slow, and not the edge
)

// passed is who has not answered lately.
type passed struct {
	mu sync.Mutex
	by map[string]*misses
}

// misses are those of a member since its last answer.
type misses struct {
	late  int
	until time.Time // it is passed over; zero: it is not
}

// passes tells whether a member is passed over.
func (p *passed) passes(id string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.by[id]
	return m != nil && now.Before(m.until)
}

// missed is that a member has not answered, or too late. It is true where it is passed over from now on, and was not.
func (p *passed) missed(id string, late bool, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = make(map[string]*misses)
	}
	m := p.by[id]
	if m == nil {
		if len(p.by) >= maxMembers {
			clear(p.by)
		}
		m = &misses{}
		p.by[id] = m
	}
	if late {
		if m.late++; m.late < maxLate {
			return false
		}
	}
	before := now.Before(m.until)
	m.until = now.Add(passedFor)
	return !before
}

// answered is that a member has.
func (p *passed) answered(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.by, id)
}

// count is how many are passed over.
func (p *passed) count(now time.Time) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.by {
		if now.Before(m.until) {
			n++
		}
	}
	return n
}
