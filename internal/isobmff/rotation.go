package isobmff

import "encoding/binary"

// one is 1 in the matrix of a tkhd: 16.16, but for the last number, which is 2.30.
const (
	one     = 1 << 16
	lastOne = 1 << 30
)

// Rotation is how many degrees a track's pictures are to be turned clockwise, by the matrix in the body of its tkhd (ISO/IEC 14496-12, 6.2.2 and
// 8.3.2): 90, 180 or 270, else 0. Where the matrix moves them to is not looked at: writers differ, and a track that is shown alone has no
// place beside others. Matrices that mirror, scale or shear are taken for none.
func Rotation(tkhd []byte) int {
	from := 40
	if len(tkhd) > 0 && tkhd[0] == 1 { // times of 64 bits
		from = 52
	}
	if len(tkhd) < from+36 {
		return 0
	}
	var m [9]int32 // a, b, u, c, d, v, x, y, w
	for i := range m {
		m[i] = int32(binary.BigEndian.Uint32(tkhd[from+4*i:]))
	}
	if m[2] != 0 || m[5] != 0 || m[8] != lastOne {
		return 0
	}
	switch [4]int32{m[0], m[1], m[3], m[4]} {
	case [4]int32{0, one, -one, 0}:
		return 90
	case [4]int32{-one, 0, 0, -one}:
		return 180
	case [4]int32{0, -one, one, 0}:
		return 270
	}
	return 0
}
