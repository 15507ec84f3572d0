// Package mp4 reads the boxes of fragmented MP4 as far as a conformance checker has to: what an init segment says of its tracks,
// and where the samples of a segment lie, how long they are and which of them are sync samples. Sizes that do not fit are errors,
// never allocations. It is written for the checker alone and knows nothing of what Weir writes.
//
// Clauses are those of ISO/IEC 14496-12, and of ISO/IEC 23000-19 (CMAF) where that is said.
package mp4

import "errors"

// Bounds of what is read.
const (
	maxDepth   = 8
	maxBoxes   = 1 << 16 // in one call
	maxSamples = 1 << 20 // in one segment
	maxTracks  = 16
)

// ErrBroken is what cannot be read as boxes.
var ErrBroken = errors.New("not well-formed MP4")
