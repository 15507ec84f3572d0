package bus

import "time"

const (
	// heartbeat is how often a process looks whether it runs.
	heartbeat = 100 * time.Millisecond
	// absent is for how long a holder must have been stopped, or without a connection, to have to ask whether the lease is still its own. It
	// is less than what those who stand by wait before they take its place (Deaf).
	absent = 700 * time.Millisecond
	// doubtRetry is how often a holder in doubt asks.
	doubtRetry = 300 * time.Millisecond
)

// Deaf is for how long a writer must not have answered for another to take its lease: a renewal takes longer to be missed, as a cluster that
// elects a leader lets nobody renew for some seconds.
const Deaf = time.Second

// share lets others take the lease from a holder that does not answer. sure is called when the lease is known again to be its own.
func (l *lease) share(sure func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shared, l.alive = sure, time.Now()
}

// beat takes note that the process runs. It is true where the lease is to be renewed, as it may be another's.
func (l *lease) beat() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	expired := now.Sub(l.renewed) >= l.bus.cfg.LeaseTTL // while the bus was away
	if l.shared == nil && !expired || !l.bus.nc.IsConnected() {
		return false
	}
	if l.shared != nil && now.Sub(l.alive) >= absent {
		l.doubted, l.doubtedAt = true, now
	}
	l.alive = now
	if !l.doubted && !expired || now.Sub(l.asked) < doubtRetry {
		return false
	}
	l.asked = now
	return true
}

// doubt has the lease looked after before anything more is sent; false: nobody can have taken it from its holder.
func (l *lease) doubt() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shared != nil {
		l.doubted, l.doubtedAt = true, time.Now()
	}
	return l.shared != nil
}

// sure tells whether the holder may write: the lease is its own, by all that it can know.
func (l *lease) sure() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone || time.Since(l.renewed) >= l.bus.cfg.LeaseTTL {
		return false
	}
	return l.shared == nil || !l.doubted && time.Since(l.alive) < absent
}
