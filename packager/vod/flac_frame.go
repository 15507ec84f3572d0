package vod

// flacHeaderMost is the longest frame header: 4 bytes, a number of 7, 2 of block size, 2 of sample rate, CRC-8.
const flacHeaderMost = 16

// flacHeader is the header of a frame (RFC 9639, 9.1).
type flacHeader struct {
	variable bool  // number counts samples, else frames
	number   int64 // of the frame, or of its first sample
	block    int   // samples
	size     int   // bytes of the header
}

// first is the number of the frame's first sample.
func (h flacHeader) first(info flacInfo) int64 {
	if h.variable {
		return h.number
	}
	return h.number * int64(info.most)
}

// follows tells whether next is the header of the frame behind that of h.
func (h flacHeader) follows(next flacHeader) bool {
	if h.variable {
		return next.variable && next.number == h.number+int64(h.block)
	}
	return !next.variable && next.number == h.number+1 && next.block <= h.block
}

// parseFLACHeader reads the frame header that begins b; ok is false where none does that can be of this stream.
func parseFLACHeader(b []byte, info flacInfo) (h flacHeader, ok bool) {
	if len(b) < 6 || b[0] != 0xff || b[1]&0xfe != 0xf8 {
		return h, false
	}
	h.variable = b[1]&1 != 0
	blockCode, rateCode, channels, depth := b[2]>>4, b[2]&15, int(b[3]>>4), b[3]>>1&7
	if blockCode == 0 || rateCode == 15 || channels > 10 || depth == 3 || b[3]&1 != 0 {
		return h, false
	}
	if channels >= 8 {
		channels = 1 // two, one of which may be a difference
	}
	if channels+1 != info.channels {
		return h, false
	}
	if bits := [...]int{info.bits, 8, 12, 0, 16, 20, 24, 32}[depth]; bits != info.bits {
		return h, false
	}
	at := 4
	if h.number, at, ok = flacNumber(b, at); !ok {
		return h, false
	}
	rest := b[at:]
	take := func(n int) (v int) {
		if len(rest) < n {
			ok = false
			return 0
		}
		for _, c := range rest[:n] {
			v = v<<8 | int(c)
		}
		rest = rest[n:]
		return v
	}
	switch {
	case blockCode == 1:
		h.block = 192
	case blockCode <= 5:
		h.block = 144 << blockCode
	case blockCode == 6:
		h.block = take(1) + 1
	case blockCode == 7:
		h.block = take(2) + 1
	default:
		h.block = 1 << blockCode
	}
	rate := info.rate
	switch {
	case rateCode == 12:
		rate = take(1) * 1000
	case rateCode == 13:
		rate = take(2)
	case rateCode == 14:
		rate = take(2) * 10
	case rateCode > 0:
		rate = [...]int{0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000}[rateCode]
	}
	h.size = len(b) - len(rest)
	crc := take(1)
	return h, ok && rate == info.rate && byte(crc) == crc8(b[:h.size])
}

// flacNumber reads a coded number, like UTF-8 of up to 36 bits (RFC 9639, 9.1.5).
func flacNumber(b []byte, at int) (v int64, end int, ok bool) {
	c := b[at]
	more := 0
	for m := byte(0x80); m != 0 && c&m != 0; m >>= 1 {
		more++
	}
	if more == 1 || more == 8 || len(b) < at+max(more, 1) {
		return 0, at, false
	}
	if more == 0 {
		return int64(c), at + 1, true
	}
	v = int64(c & (0x7f >> more))
	for _, c := range b[at+1 : at+more] {
		if c&0xc0 != 0x80 {
			return 0, at, false
		}
		v = v<<6 | int64(c&0x3f)
	}
	return v, at + more, true
}

// most is how many bytes a frame of that header can have: as the encoder says, or all samples as they are, with one bit more for a difference.
func (h flacHeader) most(info flacInfo) int64 {
	verbatim := int64(info.channels)*(8+int64(h.block)*int64(info.bits+1)/8) + flacHeaderMost + 2
	return max(int64(info.largest), verbatim)
}
