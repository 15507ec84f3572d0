package media

import (
	"math"
	"math/bits"
	"time"
)

// Ticks is a point or a length of time in units of a timescale (ticks a second) that stands beside it.
// On the channel timeline it counts from the Unix epoch.
type Ticks int64

// Rescale converts t from one timescale to another, rounded to the nearest tick, halves up. It is exact for every 64-bit
// value: the product goes through 128 bits. Results outside of Ticks saturate. Both timescales must be positive.
func Rescale(t Ticks, from, to uint32) Ticks {
	return rescale(t, from, to, uint64(from)/2)
}

// RescaleDown is Rescale, rounded towards the past.
func RescaleDown(t Ticks, from, to uint32) Ticks { return rescale(t, from, to, 0) }

// RescaleUp is Rescale, rounded towards the future.
func RescaleUp(t Ticks, from, to uint32) Ticks { return rescale(t, from, to, uint64(from)-1) }

// rescale is floor((t*to + bias) / from).
func rescale(t Ticks, from, to uint32, bias uint64) Ticks {
	if from == to {
		return t
	}
	if from == 0 || to == 0 {
		panic("media: timescale is zero")
	}
	if t >= 0 {
		return Ticks(mulDiv(uint64(t), uint64(to), bias, uint64(from)))
	}
	// floor((-m*to + bias)/from) = -ceil((m*to - bias)/from) = -floor((m*to + from-1-bias)/from)
	m := uint64(-(t + 1)) + 1
	return -Ticks(mulDiv(m, uint64(to), uint64(from)-1-bias, uint64(from)))
}

// mulDiv is floor((a*b + c) / d), at most math.MaxInt64.
func mulDiv(a, b, c, d uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, c, 0)
	hi += carry
	if hi >= d {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, d)
	return min(q, math.MaxInt64)
}

const nanoscale = uint32(time.Second) // ticks a second of a time.Duration

// FromDuration converts a length of time to ticks, rounded to the nearest.
func FromDuration(d time.Duration, timescale uint32) Ticks {
	return Rescale(Ticks(d), nanoscale, timescale)
}

// FromTime converts a point in time to ticks since the Unix epoch, rounded to the nearest.
func FromTime(t time.Time, timescale uint32) Ticks {
	return Rescale(Ticks(t.UnixNano()), nanoscale, timescale)
}

// Duration is t as a length of time, to the nearest nanosecond.
func (t Ticks) Duration(timescale uint32) time.Duration {
	return time.Duration(Rescale(t, timescale, nanoscale))
}

// Time is t, counted from the Unix epoch, as a point in time, to the nearest nanosecond, in UTC.
func (t Ticks) Time(timescale uint32) time.Time {
	return time.Unix(0, int64(Rescale(t, timescale, nanoscale))).UTC()
}

// Seconds is t in seconds, as near as a float64 comes.
func (t Ticks) Seconds(timescale uint32) float64 { return float64(t) / float64(timescale) }
