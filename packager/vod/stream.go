package vod

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// streamBuffer is how much of a music file is read at once, and how much of it is ever looked at together.
const streamBuffer = 256 << 10

// stream is a file that is read once, from its beginning to its end.
type stream struct {
	r    *bufio.Reader
	at   int64 // offset of what is read next
	size int64 // of the file
}

func newStream(r io.Reader, size int64) *stream {
	return &stream{r: bufio.NewReaderSize(r, streamBuffer), size: size}
}

// peek is what comes next, n bytes of it, at most streamBuffer; fewer at the end of the file. It holds until the next call.
func (s *stream) peek(n int) ([]byte, error) {
	n = int(min(int64(n), s.size-s.at))
	p, err := s.r.Peek(n)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read at byte %d: %w", s.at, err)
	}
	return p, nil
}

// buffered is what comes next, n bytes of it and what else has been read already; fewer at the end of the file. It holds until the next call.
func (s *stream) buffered(n int) ([]byte, error) { return s.peek(max(n, s.r.Buffered())) }

// skip passes over n bytes; that they are more than are left is an error of the file.
func (s *stream) skip(n int64) error {
	if n < 0 || n > s.size-s.at {
		return fmt.Errorf("%w: %d bytes at byte %d reach beyond the end, it is cut off", ErrFile, n, s.at)
	}
	for n > 0 {
		done, err := s.r.Discard(int(min(n, 1<<30)))
		n -= int64(done)
		s.at += int64(done)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("read at byte %d: %w", s.at, err)
		}
	}
	return nil
}

// left is how many bytes there are still.
func (s *stream) left() int64 { return s.size - s.at }
