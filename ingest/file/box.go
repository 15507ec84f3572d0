package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
)

// ErrFile is wrapped by every error about what a file holds.
var ErrFile = errors.New("file cannot be played")

const (
	maxBox   = 128 << 20 // bytes of a moov or moof: they are held in memory while they are read
	maxBoxes = 1 << 20   // at the top level of a file
)

// span is where a top-level box lies in its file.
type span struct {
	name   string
	offset int64
	header int64
	size   int64 // with the header
}

// nextBox reads a box header (ISO/IEC 14496-12, 4.2) at offset of a file of that size. A box that goes beyond the end is an
// error, but for mdat: what is there of it can be played.
func nextBox(r io.ReaderAt, offset, size int64) (span, error) {
	var h [16]byte
	s := span{offset: offset, header: 8}
	if size-offset < 8 {
		return s, fmt.Errorf("%w: %d bytes at its end are no box", ErrFile, size-offset)
	}
	if _, err := r.ReadAt(h[:8], offset); err != nil {
		return s, fmt.Errorf("read box at %d: %w", offset, err)
	}
	s.name, s.size = string(h[4:8]), int64(binary.BigEndian.Uint32(h[:4]))
	switch s.size {
	case 0: // to the end of the file
		s.size = size - offset
	case 1:
		s.header = 16
		if size-offset < 16 {
			return s, fmt.Errorf("%w: box %q at %d is cut off", ErrFile, s.name, offset)
		}
		if _, err := r.ReadAt(h[8:], offset+8); err != nil {
			return s, fmt.Errorf("read box at %d: %w", offset, err)
		}
		large := binary.BigEndian.Uint64(h[8:])
		if large > 1<<62 {
			return s, fmt.Errorf("%w: box %q at %d has %d bytes", ErrFile, s.name, offset, large)
		}
		s.size = int64(large)
	}
	if s.size < s.header {
		return s, fmt.Errorf("%w: box %q at %d has a size of %d", ErrFile, s.name, offset, s.size)
	}
	if s.size > size-offset {
		if s.name != "mdat" {
			return s, fmt.Errorf("%w: box %q at %d has %d bytes, the file ends after %d", ErrFile, s.name, offset, s.size, size-offset)
		}
		s.size = size - offset
	}
	return s, nil
}

// decode reads a box whole and takes it apart. mp4ff panics on some hostile input: that is an error of the file.
func decode[T mp4.Box](r io.ReaderAt, s span) (box T, raw []byte, err error) {
	if s.size > maxBox {
		return box, nil, fmt.Errorf("%w: %s of %d bytes, %d are taken", ErrFile, s.name, s.size, maxBox)
	}
	raw = make([]byte, s.size)
	if _, err := r.ReadAt(raw, s.offset); err != nil {
		return box, nil, fmt.Errorf("read %s at %d: %w", s.name, s.offset, err)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %s at %d: %v", ErrFile, s.name, s.offset, p)
		}
	}()
	b, err := mp4.DecodeBoxSR(uint64(s.offset), bits.NewFixedSliceReader(raw))
	if err != nil {
		return box, nil, fmt.Errorf("%w: %s at %d: %w", ErrFile, s.name, s.offset, err)
	}
	box, ok := b.(T)
	if !ok {
		return box, nil, fmt.Errorf("%w: %s at %d is %T", ErrFile, s.name, s.offset, b)
	}
	return box, raw, nil
}
