package edge

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/media"
)

// joinWait is for how long a request waits at the most for a channel to be joined.
const joinWait = 5 * time.Second

// wanted is whether anybody asks for a channel.
type wanted struct {
	last  atomic.Int64  // when it was asked for, in nanoseconds since the Unix epoch; 0: it never was
	first chan struct{} // closed when it is asked for the first time
	once  sync.Once
}

func (w *wanted) init() { w.first = make(chan struct{}) }

// note takes in a request.
func (w *wanted) note(now time.Time) {
	w.last.Store(now.UnixNano())
	w.once.Do(func() { close(w.first) })
}

// await is until the channel is asked for; false: ctx has ended before.
func (w *wanted) await(ctx context.Context) bool {
	select {
	case <-w.first:
		return true
	case <-ctx.Done():
		return false
	}
}

// idle tells whether nobody has asked any more for that long; 0 is for ever.
func (w *wanted) idle(now time.Time, after time.Duration) bool {
	last := w.last.Load()
	return after > 0 && last != 0 && now.Sub(time.Unix(0, last)) > after
}

// asleep tells whether the channel is not read, as nobody has asked for it yet.
func (c *channel) asleep() bool { return c.lazy && c.wanted.last.Load() == 0 }

// join notes that a channel is asked for, and lets the request wait until it has been joined.
func (s *Server) join(c *channel) {
	if !c.lazy {
		return
	}
	c.wanted.note(s.now())
	if !c.window.Ready() {
		s.wait(c, joinWait, func(*media.Window) bool { return c.window.Ready() })
	}
}
