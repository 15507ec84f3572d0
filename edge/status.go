package edge

import (
	"fmt"
	"strings"
	"time"

	"weir/edge/window"
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
}

// Status is the state of a channel now; false: the edge has no such channel.
func (s *Server) Status(id string) (Status, bool) {
	c := s.channels.get(id)
	if c == nil {
		return Status{}, false
	}
	return c.status(s.now()), true
}

func (c *channel) status(now time.Time) Status {
	w := c.window.Snapshot()
	st := Status{Stats: c.window.Stats(), Title: w.Title, State: OffAir, DVR: w.DVR, Target: w.Target, CaughtUp: c.window.Ready()}
	if c.asleep() {
		st.State = Asleep
	}
	if n := w.Rows.Len(); n > 0 {
		// By the wall clock, for the channel's own time drifts.
		newest := w.Rows.At(n - 1)
		if now.Sub(newest.Wall.Add(newest.Duration)) <= 3*w.Target {
			st.State = OnAir
		}
	}
	return st
}

// Ready is nil when all channels that are read have caught up with the bus, else it says which have not.
func (s *Server) Ready() error {
	var behind []string
	for _, ch := range s.catalog.Channels() {
		if s.elsewhere.has(ch.ID) {
			continue
		}
		if c := s.channels.get(ch.ID); c == nil || !c.window.Ready() && !c.asleep() {
			behind = append(behind, ch.ID)
		}
	}
	if len(behind) == 0 {
		return nil
	}
	n := len(behind)
	if n > 10 {
		behind = append(behind[:10], "…")
	}
	return fmt.Errorf("%d channels are still being read from the bus: %s", n, strings.Join(behind, ", "))
}
