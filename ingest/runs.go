package ingest

import (
	"fmt"
	"time"

	"weir/internal/media"
)

// runLimit is a Writer that bounds how often a feed breaks off: each run is a Period and a discontinuity for all players, and is
// recorded as long as the window. One goroutine owns it.
type runLimit struct {
	Writer
	most  int // within a minute
	now   func() time.Time
	begun []time.Time // within the last minute, oldest first
}

// Run is that of the Writer. The error is ErrLimit for one too many.
func (l *runLimit) Run(run media.Run, inits []media.Init) error {
	now := l.now()
	for len(l.begun) > 0 && now.Sub(l.begun[0]) >= time.Minute {
		l.begun = l.begun[1:]
	}
	if len(l.begun) >= l.most {
		return fmt.Errorf("%w: the feed broke off, or changed its parameters, more than %d times within a minute", ErrLimit, l.most)
	}
	l.begun = append(l.begun, now)
	return l.Writer.Run(run, inits)
}
