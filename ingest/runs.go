package ingest

import (
	"fmt"
	"sync"
	"time"

	"weir/internal/media"
	"weir/packager"
)

// runLimit is an output that bounds how often a channel breaks off: each run is a Period and a discontinuity for all players, and is
// recorded as long as the window. One goroutine owns it.
type runLimit struct {
	packager.Output
	most  int // within a minute
	now   func() time.Time
	begun *runTimes
}

// runTimes is when the runs of a channel began, whichever feeds they are of: who connects anew all the time begins as many.
type runTimes struct {
	mu    sync.Mutex
	begun []time.Time // within the last minute, oldest first
}

// begin is false for a run that is one too many.
func (r *runTimes) begin(now time.Time, most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.begun) > 0 && now.Sub(r.begun[0]) >= time.Minute {
		r.begun = r.begun[1:]
	}
	if len(r.begun) >= most {
		return false
	}
	r.begun = append(r.begun, now)
	return true
}

// Run is that of the output. The error is ErrLimit for one too many.
func (l *runLimit) Run(run media.Run, inits []media.Init) error {
	if !l.begun.begin(l.now(), l.most) {
		return fmt.Errorf("%w: the channel's feeds broke off, or changed their parameters, more than %d times within a minute", ErrLimit, l.most)
	}
	return l.Output.Run(run, inits)
}
