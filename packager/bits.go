package packager

// bitReader reads a bit string, most significant bit first. It never fails in the middle: past the end it gives zeros and
// remembers that it did, so that a parser checks once, at its end.
type bitReader struct {
	data []byte
	pos  int // in bits
	over bool
}

// newRBSP reads the payload of a NAL unit without its emulation prevention bytes (ISO/IEC 14496-10, 7.4.1).
func newRBSP(nal []byte) *bitReader {
	out := make([]byte, 0, len(nal))
	zeros := 0
	for _, b := range nal {
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, b)
	}
	return &bitReader{data: out}
}

// bits reads n ≤ 32 bits.
func (r *bitReader) bits(n int) uint32 {
	var v uint32
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

func (r *bitReader) bit() uint32 {
	i := r.pos >> 3
	if i >= len(r.data) {
		r.over = true
		return 0
	}
	v := uint32(r.data[i]>>(7-r.pos&7)) & 1
	r.pos++
	return v
}

func (r *bitReader) flag() bool { return r.bit() == 1 }

func (r *bitReader) skip(n int) {
	r.pos += n
	if r.pos > len(r.data)*8 {
		r.over, r.pos = true, len(r.data)*8
	}
}

// ue reads an unsigned Exp-Golomb number (ISO/IEC 14496-10, 9.1).
func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.bit() == 0 {
		if zeros++; zeros > 31 || r.over {
			r.over = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// se reads a signed Exp-Golomb number.
func (r *bitReader) se() int32 {
	v := r.ue()
	if v&1 == 1 {
		return int32(v/2) + 1
	}
	return -int32(v / 2)
}

// left is how many bits there still are.
func (r *bitReader) left() int { return len(r.data)*8 - r.pos }
