package ingest

import (
	"sync"
	"time"
)

// dropped counts what an adapter left out.
type dropped struct {
	mu  sync.Mutex
	n   uint64
	why string // of the first
	at  time.Time
}

// add tells whether it is the first.
func (d *dropped) add(why string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n++
	if d.n == 1 {
		d.why, d.at = why, now
	}
	return d.n == 1
}

func (d *dropped) total() (n uint64, why string, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.n, d.why, d.at
}

func (f *feed) Dropped(why string) {
	if f.dropped.add(why, f.server.cfg.Now()) {
		f.log.Warn("samples of the feed are dropped", "reason", why)
	}
}
