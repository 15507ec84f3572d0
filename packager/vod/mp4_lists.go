package vod

import (
	"encoding/binary"
	"iter"

	"weir/internal/isobmff"
)

// column is number n of each row.
func (r *rows) column(n int) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i := range r.count {
			if !yield(r.at(i, n)) {
				return
			}
		}
	}
}

// sizes are the sizes of samples, from stsz or stz2 (ISO/IEC 14496-12, 8.7.3).
type sizes struct {
	data  []byte
	bits  int    // of each; 0: all have the same
	same  uint32 // size of all
	count int
}

// size is that of sample i, from 0.
func (s *sizes) size(i int) uint32 {
	switch s.bits {
	case 0:
		return s.same
	case 4:
		return uint32(s.data[i/2]>>(4-4*(i%2))) & 15
	case 8:
		return uint32(s.data[i])
	case 16:
		return uint32(binary.BigEndian.Uint16(s.data[2*i:]))
	}
	return binary.BigEndian.Uint32(s.data[4*i:])
}

// sizes finds the sizes of the track's samples; none: the table lists nothing.
func (t *trak) sizes(stbl []byte) (sizes, error) {
	name, body := "stsz", isobmff.Child(stbl, "stsz")
	if body == nil {
		name, body = "stz2", isobmff.Child(stbl, "stz2")
	}
	if body == nil {
		return sizes{}, nil
	}
	if len(body) < 12 {
		return sizes{}, t.errorf("%s is cut off", name)
	}
	count := uint64(binary.BigEndian.Uint32(body[8:]))
	s := sizes{data: body[12:], bits: 32, same: binary.BigEndian.Uint32(body[4:])}
	switch {
	case name == "stz2":
		s.bits, s.same = int(body[7]), 0
		if s.bits != 4 && s.bits != 8 && s.bits != 16 {
			return s, t.errorf("stz2 has sizes of %d bits", s.bits)
		}
	case s.same != 0:
		s.bits = 0
	}
	if (count*uint64(s.bits)+7)/8 > uint64(len(s.data)) || count > maxSamples {
		return s, t.errorf("%s of %d samples has %d bytes", name, count, len(body))
	}
	s.count = int(count)
	return s, nil
}

// repeated reads rows of a count and a value that many samples have. Behind the last row its value goes on.
type repeated struct {
	rows
	row  int
	used uint32
}

func (r *repeated) next() uint32 {
	for r.row < r.count-1 && r.used >= r.at(r.row, 0) {
		r.row, r.used = r.row+1, 0
	}
	if r.count == 0 {
		return 0
	}
	r.used++
	return r.at(r.row, 1)
}

// marked reads the numbers of samples, from 1 on, that are sync samples.
type marked struct {
	rows
	all bool
	row int
}

// next tells whether sample i is one, from 0, which rises.
func (m *marked) next(i int) bool {
	for m.row < m.count && m.at(m.row, 0) < uint32(i+1) {
		m.row++
	}
	return m.all || m.row < m.count && m.at(m.row, 0) == uint32(i+1)
}
