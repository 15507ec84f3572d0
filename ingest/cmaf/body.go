package cmaf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds on boxes. What is larger is an error of the sender.
const (
	maxHeld   = 1 << 20   // bytes of a moov or moof: they are held whole
	maxEvent  = 128 << 10 // of an emsg, and of a sample of an event track
	maxTypes  = 4 << 10   // of an ftyp or styp
	maxSkip   = 16 << 20  // of a box that nobody needs
	maxSample = 16 << 20  // of a frame
	readAhead = 64 << 10
	// growFrom is what is allocated at once for a frame; more only as its bytes come.
	growFrom = 256 << 10
)

// box is the header of a box (ISO/IEC 14496-12, 4.2).
type box struct {
	name string
	at   int64 // where it begins in the request's body
	size int64 // of what follows the header
}

// body reads boxes off a request's body.
type body struct {
	r  *bufio.Reader
	at int64
}

func newBody(r io.Reader) *body { return &body{r: bufio.NewReaderSize(r, readAhead)} }

// next reads the header of the next box. io.EOF, as it is: the body ends here.
func (b *body) next() (box, error) {
	var h [16]byte
	if _, err := io.ReadFull(b.r, h[:8]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: a box is cut off at byte %d", errMalformed, b.at)
		}
		return box{}, err
	}
	next := box{name: string(h[4:8]), at: b.at, size: int64(binary.BigEndian.Uint32(h[:4])) - 8}
	header := int64(8)
	switch next.size {
	case 0 - 8:
		return next, fmt.Errorf("%w: box %q at byte %d goes on to the end: its size must be known", errMalformed, next.name, b.at)
	case 1 - 8:
		if _, err := io.ReadFull(b.r, h[8:]); err != nil {
			return next, cutOff(err, next.name)
		}
		header = 16
		large := binary.BigEndian.Uint64(h[8:])
		if large > 1<<40 {
			return next, fmt.Errorf("%w: box %q of %d bytes", errMalformed, next.name, large)
		}
		next.size = int64(large) - 16
	}
	if next.size < 0 {
		return next, fmt.Errorf("%w: box %q at byte %d has a size of %d", errMalformed, next.name, b.at, next.size+header)
	}
	b.at += header
	return next, nil
}

// whole reads a box that has most bytes at most.
func (b *body) whole(x box, most int64) ([]byte, error) {
	if x.size > most {
		return nil, fmt.Errorf("%w: box %q of %d bytes, %d are taken", errMalformed, x.name, x.size, most)
	}
	p, err := b.take(int(x.size))
	return p, cutOff(err, x.name)
}

// take reads n bytes. Memory is taken as they come.
func (b *body) take(n int) ([]byte, error) {
	p := make([]byte, min(n, growFrom))
	for at := 0; ; {
		m, err := io.ReadFull(b.r, p[at:])
		at += m
		b.at += int64(m)
		if err != nil {
			return nil, err
		}
		if at == n {
			return p, nil
		}
		grown := make([]byte, min(n, 4*len(p)))
		copy(grown, p)
		p = grown
	}
}

// skip reads n bytes and forgets them.
func (b *body) skip(n int64) error {
	m, err := io.CopyN(io.Discard, b.r, n)
	b.at += m
	return err
}

// cutOff makes the end of the body, where there should be more of a box, an error of its own.
func cutOff(err error, name string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: box %q is cut off", errMalformed, name)
	}
	return err
}
