package bus

import (
	"time"

	"weir/internal/media"
)

// Handler gets what Read reads, one call at a time, each track in its order. It may keep what it gets.
//
// A stream may begin in the middle of a segment, and a segment that was given up may have chunks although its end says that
// it is a gap: what counts is the end's number of chunks.
type Handler interface {
	Target(d time.Duration)                // the channel's target duration is known, or has changed
	Run(run media.Run, inits []media.Init) // before the first chunk or end of the run; inits are beside run.Tracks
	Chunk(c media.Chunk)
	End(e media.SegmentEnd)
	Signal(s media.Signal) // after its run; one may come again
	// Retract takes back what was handed over of a track from that chunk of that segment on, ends and later segments too, if there is any: the
	// fast path brought it, and the stream has otherwise or never. What the stream has follows.
	Retract(track string, segment uint64, chunk int)
	CaughtUp() // once: everything that was there when Read was called has been handed over
}

// ReadStats is what all Reads of a channel have met so far.
type ReadStats struct {
	Messages  int64 `json:"messages"`
	Bytes     int64 `json:"bytes"`
	Stale     int64 `json:"stale"`     // messages of an older epoch, dropped
	Malformed int64 `json:"malformed"` // messages that could not be understood, dropped
	Unknown   int64 `json:"unknown"`   // messages of a run that is not recorded, dropped
	Recovered int64 `json:"recovered"` // how often reading was begun again after a failure

	Fast      int64 `json:"fast"`      // messages handed over before the stream had them
	Settled   int64 `json:"settled"`   // those that the stream then had alike
	Unsettled int64 `json:"unsettled"` // those that it had otherwise, or never, and that were taken back with them
}
