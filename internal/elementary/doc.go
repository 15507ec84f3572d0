// Package elementary knows what elementary streams say of themselves, for whoever gets it from where that is not said: transport streams,
// RTP, music files. It makes decoder configurations (in the shapes of media.Codec) of parameter sets and frame headers, and finds frames in a
// stream of bytes.
//
// All of it takes bytes from outside: nothing is believed before it was held against what is there, and nothing grows with what a
// header claims.
package elementary

import "errors"

var (
	// ErrMalformed is wrapped by errors about bytes that are not what they should be.
	ErrMalformed = errors.New("malformed")
	// ErrUnsupported is wrapped by errors about what is well formed but cannot be packaged.
	ErrUnsupported = errors.New("not supported")
)
