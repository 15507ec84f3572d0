package elementary

import (
	"errors"

	"weir/internal/media"
)

var (
	// ErrShort: the bytes are the beginning of a frame, and not all of it.
	ErrShort = errors.New("frame is cut off")
	// ErrNoSync: no frame begins here.
	ErrNoSync = errors.New("no frame begins here")
)

// Frame is one that was found at the beginning of some bytes.
type Frame struct {
	Size    int // bytes that it takes in the stream
	Payload [][]byte
	// Samples is how long each payload is, in samples of Rate.
	Samples int
	Rate    int // in Hz, of Samples
	// Format is the frame's, without clock and language; Codec is "" where the stream has not said it yet. Config is not shared.
	Format media.Format
}

// Framer finds frames in a stream of one codec.
type Framer interface {
	// Next reads the frame that begins b, which aliases it. Errors are ErrShort, ErrNoSync, or wrap ErrUnsupported: then Size tells
	// how much to skip.
	Next(b []byte) (Frame, error)
	// Most is how many bytes a frame can have.
	Most() int
}
