// Package hls renders a window as HLS playlists (draft-pantos-hls-rfc8216bis-22), low latency included: one multivariant playlist a channel, one
// media playlist a track and one I-frame playlist a video track, live, fragmented MP4, audio in renditions of its own.
//
// The functions are pure: a media.Window in, bytes out, which the caller owns. They cost time and memory in proportion to the rows. A Renderer
// makes the same bytes from what it remembers of the rows, so that what a new chunk costs does not grow with the window. Render once a change,
// not once a request.
//
//	Media, IFrames, Multivariant ─► list ─► header, segments, trailer
//	Renderer ─► the same, with segments from blocks of text that were rendered before
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
