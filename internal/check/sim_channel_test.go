package check

import (
	"time"
)

// channel is a live channel that keeps all rules. What it has is a function of time.
type channel struct {
	begin  time.Time     // of segment 0
	window int           // segments that are listed
	audio  bool          // there is nothing else
	cut    uint64        // number of the segment that begins a second run, one second late; 0: there is none
	end    uint64        // number behind the last segment; 0: it goes on
	ahead  bool          // the MPD tells of low latency
	plain  bool          // HLS without low latency and without blocking reloads
	whole  bool          // delta updates are never given
	least  int           // segments that a delta update keeps; 0: 7
	listed uint64        // segments whose parts are listed; 0: 3
	frozen time.Duration // from six seconds after the check began, nothing new is listed for so long
}

// simSpan is a stretch of samples of a track.
type simSpan struct {
	from, count uint64 // ticks, samples
	first       bool
}

// start is when a segment begins.
func (c *channel) start(n uint64) time.Time {
	at := c.begin.Add(time.Duration(n) * simSegment)
	if c.cut > 0 && n >= c.cut {
		at = at.Add(time.Second)
	}
	return at
}

// finish is when a segment ends.
func (c *channel) finish(n uint64) time.Time { return c.start(n).Add(simSegment) }

func (c *channel) run(n uint64) uint64 {
	if c.cut > 0 && n >= c.cut {
		return 1
	}
	return 0
}

func (c *channel) segment(t track, n uint64) simSpan {
	from := t.ticks(c.start(n))
	return simSpan{from, (t.ticks(c.finish(n)) - from) / t.frame, true}
}

// parts are those of a segment.
func (c *channel) parts(t track, n uint64) []simSpan {
	s := c.segment(t, n)
	var list []simSpan
	for i := uint64(0); i < s.count; i += t.part {
		list = append(list, simSpan{s.from + i*t.frame, min(t.part, s.count-i), i == 0})
	}
	return list
}

// there is when a part is there.
func (t track) there(s simSpan) time.Time { return t.time(s.from + s.count*t.frame).Add(simDelay) }

// open is the first number that is not whole in any of the tracks at that time, for one track.
func (c *channel) open(t track, now time.Time) uint64 {
	if since := now.Sub(c.begin) - 106*time.Second; since > 0 && since < c.frozen {
		now = now.Add(-since)
	}
	n := uint64(max(now.Sub(c.begin), 0)/simSegment) + 1
	for n > 0 && t.there(c.segment(t, n-1)).After(now) {
		n--
	}
	if c.end > 0 {
		n = min(n, c.end)
	}
	return n
}

// oldest is the first number that is listed.
func (c *channel) oldest(t track, now time.Time) uint64 {
	open := c.open(t, now)
	return open - min(open, uint64(c.window))
}

// partsOf are the parts of the open segment that are there.
func (c *channel) partsOf(t track, now time.Time) []simSpan {
	if c.plain {
		return nil
	}
	n := c.open(t, now)
	if c.end > 0 && n >= c.end {
		return nil
	}
	list := c.parts(t, n)
	for len(list) > 0 && t.there(list[len(list)-1]).After(now) {
		list = list[:len(list)-1]
	}
	return list
}

// bytes are those of a segment, or of its parts up to one.
func (c *channel) bytes(t track, n uint64, parts []simSpan) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, t.chunk(p.from, p.count, p.first, 0)...)
	}
	return b
}

func (c *channel) tracks() []track {
	if c.audio {
		return []track{simAudio}
	}
	return []track{simVideo, simAudio}
}

func (c *channel) ended(now time.Time) bool {
	return c.end > 0 && c.open(c.tracks()[0], now) >= c.end && c.open(simAudio, now) >= c.end
}
