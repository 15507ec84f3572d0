package origin

import (
	"sync"
	"time"
)

// The measures of health memory.
const (
	patience    = 3           // failures in a row that take a site down, where none of them cost a time-out
	firstHold   = time.Second // how long a site that went down is left alone
	longestHold = time.Minute // the same when probe after probe has failed
)

// verdict is what a request tells of its site.
type verdict int

const (
	abandoned verdict = iota // nothing: who asked went away
	alive                    // it answers, if only that it does not have a file
	ailing                   // a failure that was told at once
	dead                     // a failure that cost a time-out: one is enough, as the next request would wait as long
)

// health is what is remembered of a site: whether it is down, and when it is worth a probe. All its methods may be called at any time by anyone.
type health struct {
	jitter func() float64 // in [0,1)

	mu       sync.Mutex
	epoch    int // rises when the site goes down or comes up; what requests of an earlier one tell is old
	failures int // in a row
	down     bool
	why      string
	since    time.Time // when it went down
	up       time.Time // when it last came up
	hold     time.Duration
	until    time.Time // no request goes there before, but for want of another site
	probing  bool
}

// ticket is leave to ask a site.
type ticket struct {
	epoch int
	probe bool
}

// admit gives leave to ask the site: always while it is up; while it is down to one probe at a time, after the hold. force is for who has
// no other site left.
func (h *health) admit(now time.Time, force bool) (ticket, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := ticket{epoch: h.epoch}
	if !h.down {
		return t, true
	}
	if !h.probing && !now.Before(h.until) {
		h.probing, t.probe = true, true
		return t, true
	}
	return t, force
}

// change is what a verdict did to a site.
type change int

const (
	same change = iota
	wentDown
	cameUp
)

// settle takes what a request told. Whoever was admitted calls it once.
func (h *health) settle(now time.Time, t ticket, v verdict, why string) change {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.epoch != h.epoch {
		return same
	}
	if t.probe {
		h.probing = false
	}
	switch {
	case v == abandoned:
	case v == alive && h.down:
		h.epoch++
		h.down, h.failures, h.up = false, 0, now
		return cameUp
	case v == alive:
		h.failures = 0
	case h.down:
		if t.probe {
			h.why = why
			h.wait(now, min(2*h.hold, longestHold))
		}
	default:
		h.failures++
		if v != dead && h.failures < patience {
			return same
		}
		hold := firstHold
		if h.hold > 0 && now.Sub(h.up) < longestHold {
			hold = min(2*h.hold, longestHold) // it comes and goes
		}
		h.epoch++
		h.down, h.since, h.why = true, now, why
		h.wait(now, hold)
		return wentDown
	}
	return same
}

// wait leaves the site alone for a while, not quite as long each time, so that many servers do not probe at once.
func (h *health) wait(now time.Time, hold time.Duration) {
	h.hold = hold
	h.until = now.Add(time.Duration(float64(hold) * (0.8 + 0.4*h.jitter())))
}

// state tells how the site is: since when it has been down, and why; zero and "" while it is up.
func (h *health) state() (since time.Time, why string, down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.down {
		return time.Time{}, "", false
	}
	return h.since, h.why, true
}
