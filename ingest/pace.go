package ingest

import (
	"fmt"
	"time"
)

const (
	// hurried is by how much a feed must have run ahead of real time to be told that it is too fast. Encoders send some seconds at once when they
	// connect, and what could not be sent for a while, which runs behind before.
	hurried = 20 * time.Second
	// mostHurried is how much of that is remembered: so it is soon forgotten that a feed was too fast.
	mostHurried = hurried + 10*time.Second
	// patient is how far behind real time a feed may be to catch up with that later.
	patient = time.Minute
	// pardon is how much of what it is ahead is forgotten: one part in so many of the time that goes by. Clocks of encoders are not that wrong.
	pardon = 20
	// paceSeconds is over what time the speed of a feed is measured.
	paceSeconds = 5
)

// pace is how fast a feed's time goes. Its zero value is that of a feed without samples.
type pace struct {
	newest time.Time     // when the newest sample came
	played time.Duration // of media
	ahead  time.Duration // of real time; below 0: behind
	fast   bool          // it has been too fast, and is not well yet
	told   string        // to the operator, "" for nothing yet
	toldAt time.Time

	marks [paceSeconds]mark // one a second
	count int
}

// mark is how much had come at that time.
type mark struct {
	at     time.Time
	played time.Duration
}

// move takes note of a sample that is so much later than the one before it. changed tells that the feed has become too fast, or is no longer.
func (p *pace) move(step time.Duration, now time.Time) (changed bool) {
	if p.newest.IsZero() {
		p.newest = now
	}
	passed := max(0, now.Sub(p.newest))
	p.newest = now
	if step > 0 && step <= maxForward { // else the clock has jumped
		p.played += step
		p.ahead += step
	}
	p.ahead = min(max(p.ahead-passed, -patient), mostHurried)
	if p.ahead > 0 {
		p.ahead -= min(p.ahead, passed/pardon)
	}
	if last := p.marks[(p.count+paceSeconds-1)%paceSeconds]; p.count == 0 || now.Sub(last.at) >= time.Second {
		p.marks[p.count%paceSeconds] = mark{now, p.played}
		p.count++
	}
	was := p.fast
	p.fast = p.ahead > hurried || was && p.ahead > hurried/2
	if p.fast && !was {
		p.told, p.toldAt = fmt.Sprintf("the feed is too fast, %.1f times real time: players cannot keep up with it, and the window gets shorter; "+
			"send in real time, as ffmpeg does with -re", p.speed()), now
	}
	return p.fast != was
}

// speed is media time to our time over the last seconds, 0: not known yet.
func (p *pace) speed() float64 {
	if p.count == 0 {
		return 0
	}
	first := p.marks[0]
	if p.count > paceSeconds {
		first = p.marks[p.count%paceSeconds]
	}
	passed := p.newest.Sub(first.at)
	if passed < time.Second {
		return 0
	}
	return (p.played - first.played).Seconds() / passed.Seconds()
}
