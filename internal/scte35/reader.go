package scte35

const (
	tableID         = 0xfc
	segmentationTag = 0x02
	identifier      = 0x43554549 // CUEI
)

// reader reads big-endian fields. Behind the end it gives zeros, and bad is set.
type reader struct {
	b   []byte
	bad bool
}

// take is the next n bytes, nil where there are not so many.
func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.b, r.bad = nil, true
		return nil
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) number(bytes int) uint64 {
	n := uint64(0)
	for _, b := range r.take(bytes) {
		n = n<<8 | uint64(b)
	}
	return n
}

func (r *reader) u8() uint8   { return uint8(r.number(1)) }
func (r *reader) u16() uint16 { return uint16(r.number(2)) }
func (r *reader) u32() uint32 { return uint32(r.number(4)) }

// time reads a splice_time.
func (r *reader) time() Time {
	b := r.u8()
	if b&0x80 == 0 {
		return Time{}
	}
	return Time{Known: true, Ticks: uint64(b&1)<<32 | uint64(r.u32())}
}

// checksum is CRC_32 of MPEG-2 systems (ISO/IEC 13818-1, annex A): most significant bit first, without a final inversion. Over a section
// with its CRC it is 0.
func checksum(data []byte) uint32 {
	sum := ^uint32(0)
	for _, b := range data {
		sum ^= uint32(b) << 24
		for range 8 {
			if sum>>31 != 0 {
				sum = sum<<1 ^ 0x04c11db7
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}
