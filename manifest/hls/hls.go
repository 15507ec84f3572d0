// Package hls renders a window as HLS playlists (draft-pantos-hls-rfc8216bis-22): one multivariant playlist a channel and one
// media playlist a track, live, fragmented MP4, audio in renditions of its own.
//
// The functions are pure: a media.Window in, bytes out, which the caller owns. Rendering costs time and memory in proportion to
// the rows: do it once a change of the window, not once a request.
package hls

import (
	"errors"

	"weir/manifest"
)

var (
	// ErrEmpty says that the window lists nothing yet. It is manifest.ErrEmpty.
	ErrEmpty = manifest.ErrEmpty
	// ErrTrack says that no run of the window has a track of that name.
	ErrTrack = errors.New("no such track")
)
