package media

import "time"

// Tolerance is how far before a multiple of the segment duration a sync sample may stand and still count as on it: source clocks
// round, and a segment of twice the length is the price of missing by a tick.
func Tolerance(segment time.Duration) time.Duration {
	return min(max(segment/100, 2*time.Millisecond), 50*time.Millisecond)
}

// NextBorder is from where on a sync sample ends the segment that begins at start: the next multiple of the segment duration on the
// channel timeline, less the tolerance.
func NextBorder(start Ticks, timescale uint32, segment time.Duration) Ticks {
	tolerance := Tolerance(segment)
	ns := start.Duration(timescale) + tolerance
	return RescaleUp(Ticks(ns-ns%segment+segment-tolerance), nanoscale, timescale)
}
