// Package mpd reads DASH manifests: what they say (Parse) and whether they are built as the schema wants (Structure). Counts,
// depths and sizes are bounded. It is written for the conformance checker alone and knows nothing of what Weir writes.
//
// Clauses are those of ISO/IEC 23009-1.
package mpd

import "errors"

// Bounds of what is read.
const (
	maxSize     = 16 << 20 // bytes of an MPD
	maxDepth    = 32
	maxElements = 1 << 19
	maxTimes    = 1 << 18 // segments of one timeline
	maxNotes    = 64      // problems that are kept
)

// ErrNotMPD is what cannot be read as an MPD.
var ErrNotMPD = errors.New("not an MPD")

// Problem is something that the schema does not allow.
type Problem struct {
	Line int // from 1
	Text string
}
