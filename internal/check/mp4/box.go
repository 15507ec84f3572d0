package mp4

import (
	"encoding/binary"
	"fmt"
)

// Box is where a box lies within what was read.
type Box struct {
	Type         string // four characters
	Offset, Size int    // of the whole box
	body         []byte // behind its header
}

// boxes splits data into boxes (4.2). offset is where data lies within what is read, for messages.
func boxes(data []byte, offset int) ([]Box, error) {
	var list []Box
	for at := 0; at < len(data); {
		rest := data[at:]
		if len(rest) < 8 {
			return list, fmt.Errorf("%w: %d bytes at %d are no box", ErrBroken, len(rest), offset+at)
		}
		size, header := uint64(binary.BigEndian.Uint32(rest)), 8
		switch size {
		case 0: // to the end
			size = uint64(len(rest))
		case 1:
			if len(rest) < 16 {
				return list, fmt.Errorf("%w: the large size of the box at %d is cut off", ErrBroken, offset+at)
			}
			size, header = binary.BigEndian.Uint64(rest[8:]), 16
		}
		if size < uint64(header) || size > uint64(len(rest)) {
			return list, fmt.Errorf("%w: box %q at %d has the size %d, %d bytes are left", ErrBroken, rest[4:8], offset+at, size, len(rest))
		}
		if len(list) >= maxBoxes {
			return list, fmt.Errorf("%w: more than %d boxes", ErrBroken, maxBoxes)
		}
		list = append(list, Box{string(rest[4:8]), offset + at, int(size), rest[header:size]})
		at += int(size)
	}
	return list, nil
}

// children are the boxes within b, behind skip bytes of its own fields.
func (b *Box) children(skip int) ([]Box, error) {
	if len(b.body) < skip {
		return nil, fmt.Errorf("%w: box %q at %d is cut off", ErrBroken, b.Type, b.Offset)
	}
	return boxes(b.body[skip:], b.Offset+b.Size-len(b.body)+skip)
}

// find is the first box on the way down from b.
func (b *Box) find(path ...string) (*Box, error) {
	if len(path) == 0 {
		return b, nil
	}
	list, err := b.children(0)
	for i := range list {
		if list[i].Type == path[0] {
			return list[i].find(path[1:]...)
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: box %q at %d has no %q", ErrBroken, b.Type, b.Offset, path[0])
}

// reader takes fields off a box. Once there are too few bytes all it gives is 0, and short is true.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.b, r.short = nil, true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) skip(n int) { r.bytes(n) }

func (r *reader) uint(n int) uint64 {
	v := uint64(0)
	for _, c := range r.bytes(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

func (r *reader) u8() int  { return int(r.uint(1)) }
func (r *reader) u16() int { return int(r.uint(2)) }
func (r *reader) u32() uint32 {
	return uint32(r.uint(4))
}

// full reads the version and the flags of a FullBox (4.2.2).
func (r *reader) full() (version int, flags uint32) {
	v := r.u32()
	return int(v >> 24), v & 0xffffff
}

// word is a field of 64 bits where long, else 32.
func (r *reader) word(long bool) uint64 {
	if long {
		return r.uint(8)
	}
	return r.uint(4)
}

// brands are those of an ftyp or styp, the major one first (4.3).
func brands(b *Box) []string {
	r := reader{b: b.body}
	list := []string{string(r.bytes(4))}
	r.skip(4)
	for len(r.b) >= 4 && len(list) < 64 {
		list = append(list, string(r.bytes(4)))
	}
	return list
}
