package edge

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// leastLag is for how long a channel may lack what the bus has, three target durations where that is longer, before it lags. A reader whose NATS server
	// falls silent needs 6 s until it reads on, and one whose stream elects a leader up to 11: then all edges have that trouble, and the fast path makes up for it.
	leastLag   = 15 * time.Second
	lagTargets = 3
	// joinWithin is for how long an edge that has started waits for channels to be read: who cannot read one of them in that time serves the others.
	joinWithin = time.Minute
	mostTold   = 10 // channels
)

// standing is how the channels of an edge stand against the bus.
type standing struct {
	reading []string // those that were there when the edge was started, and have not been read yet
	lagging []string // with for how long
	onAir   int      // with those that lag
}

// stand looks at all channels that are read.
func (s *Server) stand() (st standing) {
	now := s.now()
	for _, ch := range s.catalog.Channels() {
		if s.elsewhere.has(ch.ID) {
			continue
		}
		c := s.channels.get(ch.ID)
		if c == nil {
			if s.channels.first[ch.ID] && now.Sub(s.began) < joinWithin {
				st.reading = append(st.reading, ch.ID)
			}
			continue
		}
		lag := s.lag(c)
		switch {
		case c.asleep():
		case !c.lazy && !c.window.Ready() && s.channels.first[ch.ID] && now.Sub(s.began) < joinWithin:
			st.reading = append(st.reading, ch.ID)
		case lag > max(leastLag, lagTargets*c.window.Snapshot().Target):
			st.lagging = append(st.lagging, fmt.Sprintf("%s (%s)", ch.ID, lag.Round(time.Second)))
			st.onAir++
		case c.onAir(c.window.Snapshot(), now):
			st.onAir++
		}
	}
	return st
}

// lag is for how long a channel has lacked what the bus has.
func (s *Server) lag(c *channel) time.Duration {
	if s.lagOf == nil {
		return 0
	}
	return s.lagOf(c.id)
}

// Lagging is how many channels lag, or are still being read after a start: what other edges are told.
func (s *Server) Lagging() int {
	st := s.stand()
	return len(st.reading) + len(st.lagging)
}

// Ready is nil when all channels have been read that there were at the start, and this edge does not lag, else it says why. An edge lags where more channels do
// than at another of its group: what lags at all of them alike is no reason to send players elsewhere. Where there is no other, half of what is on air must lag.
func (s *Server) Ready() error {
	var errs []error
	st := s.stand()
	if len(st.reading) > 0 {
		errs = append(errs, fmt.Errorf("%d channels are still being read from the bus: %s", len(st.reading), some(st.reading)))
	}
	n := len(st.lagging)
	what := fmt.Sprintf("%d of %d channels lag behind the bus", n, st.onAir)
	best, other := 0, false
	if s.best != nil {
		best, other = s.best()
	}
	switch {
	case n == 0:
	case other && n > best:
		errs = append(errs, fmt.Errorf("%s, at another edge %d do: %s", what, best, some(st.lagging)))
	case !other && 2*n >= st.onAir:
		errs = append(errs, fmt.Errorf("%s: %s", what, some(st.lagging)))
	}
	return errors.Join(errs...)
}

// some is a list that is not too long.
func some(all []string) string {
	if len(all) > mostTold {
		return strings.Join(all[:mostTold], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}
