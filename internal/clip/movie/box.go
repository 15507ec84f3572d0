package movie

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrMedia says that something is not the CMAF that it should be.
var ErrMedia = errors.New("not the CMAF that is expected")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMedia}, args...)...)
}

// box is one box (ISO/IEC 14496-12, 4.2) and where it stands in what it was read from.
type box struct {
	name  string
	whole []byte // with its header
	body  []byte
	at    int // of whole
}

// each calls fn for every box that b consists of. A box must lie within b; one that goes on to the end of the file (size 0) is an error.
func each(b []byte, fn func(box) error) error {
	for at := 0; at < len(b); {
		left := b[at:]
		if len(left) < 8 {
			return malformed("%d bytes are no box header", len(left))
		}
		size, header := uint64(binary.BigEndian.Uint32(left)), 8
		if size == 1 {
			if len(left) < 16 {
				return malformed("a large box without its size")
			}
			size, header = binary.BigEndian.Uint64(left[8:]), 16
		}
		if size < uint64(header) || size > uint64(len(left)) {
			return malformed("box %q of %d bytes where %d are left", left[4:8], size, len(left))
		}
		whole := left[:size:size]
		if err := fn(box{name: string(left[4:8]), whole: whole, body: whole[header:], at: at}); err != nil {
			return err
		}
		at += int(size)
	}
	return nil
}

// child is the first box of that name in b.
func child(b []byte, name string) (box, error) {
	var found box
	err := each(b, func(c box) error {
		if c.name == name && found.whole == nil {
			found = c
		}
		return nil
	})
	if err == nil && found.whole == nil {
		err = malformed("no %s box", name)
	}
	return found, err
}

// descend is the box at the end of a path of names.
func descend(b []byte, path ...string) (box, error) {
	var found box
	for _, name := range path {
		var err error
		if found, err = child(b, name); err != nil {
			return box{}, err
		}
		b = found.body
	}
	return found, nil
}

// fields reads numbers off the front of a box's body. The first that is not there makes it fail; what is read then is 0.
type fields struct {
	b      []byte
	failed bool
}

func (f *fields) take(n int) []byte {
	if f.failed || n > len(f.b) {
		f.failed = true
		return make([]byte, n)
	}
	b := f.b[:n]
	f.b = f.b[n:]
	return b
}

func (f *fields) u16() uint16 { return binary.BigEndian.Uint16(f.take(2)) }
func (f *fields) u32() uint32 { return binary.BigEndian.Uint32(f.take(4)) }
func (f *fields) u64() uint64 { return binary.BigEndian.Uint64(f.take(8)) }

// full reads version and flags (ISO/IEC 14496-12, 4.2.2).
func (f *fields) full() (version byte, flags uint32) {
	v := f.u32()
	return byte(v >> 24), v & 0xffffff
}

// fits32 tells whether v can stand in an unsigned field of 32 bits.
func fits32(v int64) bool { return v >= 0 && v <= math.MaxUint32 }
