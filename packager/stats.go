package packager

import (
	"maps"
	"time"
)

// Reason is why samples were dropped.
type Reason string

// The reasons.
const (
	Malformed Reason = "malformed" // no data, too much of it, no such track, or timestamps beyond all bounds
	Backward  Reason = "backward"  // decoding time did not rise
	Clock     Reason = "clock"     // timestamp far from the feed's that no second sample agreed with
	Stale     Reason = "stale"     // from before a jump that another track had already made
	NoSync    Reason = "no-sync"   // before the first sync sample that could begin a run
	Unused    Reason = "unused"    // before the start of a run, after its end, or of a track that it lacks
	Overflow  Reason = "overflow"  // queues were full
)

// Stats is what happened since New. Durations are media time.
type Stats struct {
	Runs       uint64            // begun
	Segments   uint64            // rows begun
	Samples    uint64            // written by the feed
	Out        uint64            // that went out
	Dropped    map[Reason]uint64 // that did not
	ForcedCuts uint64            // segments that begin without a sync sample, since it came too late
	// ApartCuts are borders at which the lead has a sync sample and another video track has none.
	ApartCuts uint64
	// ShortChunks were less than 85 % of their track's Part and not the last of their segment, LongChunks were a single sample longer
	// than it: frames of that feed do not come as they did when its run began.
	ShortChunks uint64
	LongChunks  uint64
	// LateFrames came later than the frame before them was said to last, as its chunk did not wait for them: there is a gap.
	LateFrames    uint64
	LateLines     uint64        // that were pushed when their time was past
	LongestGOP    time.Duration // between sync samples of a leading video track
	GOP           time.Duration // the last of these
	FrameRate     float64       // frames a second of the leading video track in its last segment
	Events        uint64        // that the feed brought beside its samples
	DroppedEvents uint64        // that could not be used, or were too many
	SpliceCuts    uint64        // that a splice asked for a row to begin at, where it did
	Problem       string        // the last thing that an operator may want to mend, "" for none
	ProblemAt     time.Time
}

// Stats is a copy of the counters.
func (p *Packager) Stats() Stats {
	s := p.stats
	s.Dropped = maps.Clone(s.Dropped)
	return s
}

func (p *Packager) drop(why Reason, n int) {
	if n > 0 {
		p.stats.Dropped[why] += uint64(n)
	}
}

func (p *Packager) problem(now time.Time, text string) {
	p.stats.Problem, p.stats.ProblemAt = text, now
}
