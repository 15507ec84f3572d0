package edge

import (
	"time"

	"weir/edge/window"
	"weir/internal/media"
)

// The states of a channel as an edge sees it.
const (
	OnAir  = "on-air"
	OffAir = "off-air"
	Asleep = "asleep"
)

// Status is what an edge knows of a channel.
type Status struct {
	window.Stats
	Title    string
	State    string        // OnAir: its newest row ended less than three target durations ago; Asleep: it is not read, as nobody asks for it; else OffAir
	DVR      time.Duration // what was asked for
	Target   time.Duration // EXT-X-TARGETDURATION; 0: not known yet
	CaughtUp bool          // all that the bus had at the time of joining is in the window
	Lag      time.Duration // for how long it has lacked what the bus has
}

// Status is the state of a channel now; false: the edge has no such channel.
func (s *Server) Status(id string) (Status, bool) {
	c := s.channels.get(id)
	if c == nil {
		return Status{}, false
	}
	st := c.status(s.now())
	st.Lag = s.lag(c)
	return st, true
}

func (c *channel) status(now time.Time) Status {
	w := c.window.Snapshot()
	st := Status{Stats: c.window.Stats(), Title: w.Title, State: OffAir, DVR: w.DVR, Target: w.Target, CaughtUp: c.window.Ready()}
	if c.asleep() {
		st.State = Asleep
	}
	if c.onAir(w, now) {
		st.State = OnAir
	}
	return st
}

// onAir tells whether its newest row has just ended: by the wall clock, for the channel's own time drifts.
func (c *channel) onAir(w *media.Window, now time.Time) bool {
	n := w.Rows.Len()
	if n == 0 {
		return false
	}
	newest := w.Rows.At(n - 1)
	return now.Sub(newest.Wall.Add(newest.Duration)) <= 3*w.Target
}
