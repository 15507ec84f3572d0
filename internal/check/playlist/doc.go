// Package playlist reads HLS playlists, multivariant and media, as a client that trusts nobody: every size is bounded, and what
// is wrong is told with its line, while the rest is read on. It is written for the conformance checker alone and knows nothing
// of what Weir writes.
//
// Clauses are those of draft-pantos-hls-rfc8216bis.
package playlist

import "errors"

// Bounds of what is read.
const (
	maxSize  = 16 << 20 // bytes of a playlist
	maxLine  = 16 << 10 // bytes of a line
	maxItems = 1 << 18  // segments and parts together
	maxNotes = 64       // problems that are kept
)

// ErrNotPlaylist is what does not begin as a playlist has to (4.1), or is too large to be one.
var ErrNotPlaylist = errors.New("not a playlist")

// Problem is something that the syntax does not allow.
type Problem struct {
	Line int // from 1
	Text string
}
