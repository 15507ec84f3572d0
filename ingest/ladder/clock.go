package ladder

import (
	"time"

	"weir/internal/media"
)

const (
	micro = uint32(1_000_000) // ticks a second of a child's clock
	// origin is what a child's clock shows at its first picture: encoders begin with decoding times before that.
	origin = int64(60 * micro)
	// A presentation time may be so far from the one before without being a jump of the clock.
	maxForward = 10 * time.Second
	maxBack    = 2 * time.Second
)

// clock maps the times of a feed's pictures to those of its child, and back to the same tick where the feed's ticks are longer than 2 µs: all
// that count in 1/90000 s, or in samples of sound.
type clock struct {
	media.Clock
	base media.Ticks // unrolled, of the child's first picture
	last media.Ticks // unrolled, of the newest picture
	seen bool
}

// unroll is a presentation time without wraps; jumped: it does not follow from those before.
func (c *clock) unroll(pts media.Ticks) (at media.Ticks, jumped bool) {
	if at = pts; c.seen && c.Wrap > 0 {
		d := (pts - c.last) % c.Wrap
		if d > c.Wrap/2 {
			d -= c.Wrap
		} else if d < -c.Wrap/2 {
			d += c.Wrap
		}
		at = c.last + d
	}
	if d := at - c.last; c.seen {
		jumped = d > media.FromDuration(maxForward, c.Timescale) || d < -media.FromDuration(maxBack, c.Timescale)
	}
	c.seen, c.last = true, at
	return at, jumped
}

// toChild is an unrolled time on the child's clock.
func (c *clock) toChild(at media.Ticks) int64 {
	return origin + int64(media.Rescale(at-c.base, c.Timescale, micro))
}

// fromChild is the feed's time, wrapped, of one on the child's clock.
func (c *clock) fromChild(us int64) media.Ticks {
	at := c.base + media.Rescale(media.Ticks(us-origin), micro, c.Timescale)
	if c.Wrap > 0 {
		if at %= c.Wrap; at < 0 {
			at += c.Wrap
		}
	}
	return at
}
