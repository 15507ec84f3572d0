package check

import (
	"context"
	"sync"
	"time"
)

const (
	stallTick = 100 * time.Millisecond
	stallMin  = 50 * time.Millisecond // what counts
	maxStalls = 10_000
)

// stalls notes when this machine could not keep up: what came late then says nothing of the service. It is safe for concurrent use.
type stalls struct {
	mu   sync.Mutex
	list []stall
}

// stall is a time for which nothing ran here that should have.
type stall struct {
	end  time.Time
	long time.Duration
}

// watch sleeps again and again, and notes by how much it overslept, until ctx ends.
func (l *stalls) watch(ctx context.Context, now func() time.Time, sleep func(context.Context, time.Duration) error) {
	for {
		began := now()
		if sleep(ctx, stallTick) != nil {
			return
		}
		end := now()
		if late := end.Sub(began) - stallTick; late > stallMin {
			l.mu.Lock()
			if len(l.list) < maxStalls {
				l.list = append(l.list, stall{end, late})
			}
			l.mu.Unlock()
		}
	}
}

// within is how long the machine was away between two moments.
func (l *stalls) within(from, to time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := time.Duration(0)
	for _, s := range l.list {
		if s.end.After(from) && s.end.Add(-s.long).Before(to) {
			d += s.long
		}
	}
	return d
}
