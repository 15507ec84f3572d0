package elementary

// bitReader reads numbers, most significant bit first. Past the end it gives zeros and remembers that it did.
type bitReader struct {
	data []byte
	pos  int // in bits
	over bool
}

// take reads n ≤ 32 bits.
func (r *bitReader) take(n int) uint32 {
	var v uint32
	for range n {
		v <<= 1
		if r.pos>>3 >= len(r.data) {
			r.over = true
			continue
		}
		v |= uint32(r.data[r.pos>>3]>>(7-r.pos&7)) & 1
		r.pos++
	}
	return v
}

func (r *bitReader) flag() bool { return r.take(1) == 1 }

func (r *bitReader) skip(n int) {
	if n < 0 || n > len(r.data)*8-r.pos {
		r.over, r.pos = true, len(r.data)*8
		return
	}
	r.pos += n
}

// copyBits reads n bits into bytes of their own; the last is filled with zeros. nil where they are not there.
func (r *bitReader) copyBits(n int) []byte {
	if n < 0 || n > len(r.data)*8-r.pos {
		r.over = true
		return nil
	}
	out := make([]byte, (n+7)/8)
	shift := r.pos & 7
	at := r.pos >> 3
	for i := range out {
		v := r.data[at+i] << shift
		if shift > 0 && at+i+1 < len(r.data) {
			v |= r.data[at+i+1] >> (8 - shift)
		}
		out[i] = v
	}
	if rest := n & 7; rest != 0 {
		out[len(out)-1] &= 0xff << (8 - rest)
	}
	r.pos += n
	return out
}
