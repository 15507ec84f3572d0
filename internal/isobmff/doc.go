// Package isobmff reads what ISO base media files say of their tracks (ISO/IEC 14496-12), for adapters that get media in them: files,
// CMAF. It gets boxes whole, bounded by whoever read them, and allocates nothing by what they claim.
package isobmff

import "errors"

var (
	// ErrMalformed is wrapped by errors about boxes that are not what they should be.
	ErrMalformed = errors.New("malformed")
	// ErrUnsupported is wrapped by errors about tracks that are well formed but cannot be packaged.
	ErrUnsupported = errors.New("not supported")
	// ErrNoMedia is a track that is neither video nor audio: text, hints, time codes.
	ErrNoMedia = errors.New("neither video nor audio")
)
