package ingest

import (
	"errors"
	"fmt"
	"time"

	"weir/internal/bus"
	"weir/internal/media"
	"weir/packager"
)

// trialWait is how long a feed may take to bring what the server before had written already.
const trialWait = 8 * time.Second

// trial is a packager that goes on with the run of another server, as long as nobody knows whether the feed is the same. What is held with it is for
// the packager that takes its place where it is not.
type trial struct {
	*kept
	met    func() bool // all that was written before has come
	since  time.Time   // by the clock of the process
	failed error
}

// over is true when the trial has an outcome.
func (t *trial) over(now time.Time) bool {
	return t.failed != nil || t.met() || now.Sub(t.since) >= trialWait
}

// outcome is nil where the run goes on.
func (t *trial) outcome() error {
	if t.failed == nil && !t.met() {
		return fmt.Errorf("the feed has not come to where the run was left in %v", trialWait)
	}
	return t.failed
}

// into is where all goes: past a packager that has failed.
func (t *trial) into() packs {
	if t.failed != nil {
		return t.ring
	}
	return t.kept
}

func (t *trial) try(err error) error {
	if t.failed == nil {
		t.failed = err
	}
	return nil
}

// Start announces tracks.
func (t *trial) Start(formats []media.Format, now time.Time) error {
	return t.try(t.into().Start(formats, now))
}

// Leave says that nobody brings a track any more.
func (t *trial) Leave(track int, now time.Time) error { return t.try(t.into().Leave(track, now)) }

// Write takes a sample.
func (t *trial) Write(s media.Sample, now time.Time) error { return t.try(t.into().Write(s, now)) }

// Event takes an event.
func (t *trial) Event(e media.Event, now time.Time) error { return t.try(t.into().Event(e, now)) }

// Flush ends the feed.
func (t *trial) Flush(now time.Time) error { return t.try(t.into().Flush(now)) }

// goingOn is the output of a packager that goes on with a run.
type goingOn struct{ *bus.Continuation }

// Run announces the next run.
func (o goingOn) Run(run media.Run, inits []media.Init) error { return o.Begin(run, inits) }

// untilLost is the output of a channel that another server may take at any time: what comes then is that one's to write.
type untilLost struct{ packager.Output }

func unlessLost(err error) error {
	if errors.Is(err, bus.ErrLost) {
		return nil
	}
	return err
}

func (o untilLost) Run(run media.Run, inits []media.Init) error {
	return unlessLost(o.Output.Run(run, inits))
}
func (o untilLost) Target(d time.Duration) error { return unlessLost(o.Output.Target(d)) }
func (o untilLost) Chunk(c media.Chunk) error    { return unlessLost(o.Output.Chunk(c)) }
func (o untilLost) End(e media.SegmentEnd) error { return unlessLost(o.Output.End(e)) }
func (o untilLost) Signal(s media.Signal) error  { return unlessLost(o.Output.Signal(s)) }
