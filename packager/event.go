package packager

import (
	"time"

	"weir/internal/media"
)

// Event takes an event in its place among the samples. One that cannot be used is dropped and counted. The error is the output's.
func (p *Packager) Event(e media.Event, now time.Time) error {
	if p.err != nil {
		return p.err
	}
	if e.Clock.Timescale == 0 || e.Scheme == "" {
		p.drop(Malformed, 1)
	}
	return nil
}
