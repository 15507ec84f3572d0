package vod

import "encoding/binary"

// crc16Tables has, at [k][c], the CRC-16 of byte c and k bytes of 0 behind it (RFC 9639, 9.3: polynomial 0x8005).
var crc16Tables = func() (t [8][256]uint16) {
	for c := range 256 {
		crc := uint16(c) << 8
		for range 8 {
			crc = crc<<1 ^ crc>>15*0x8005
		}
		t[0][c] = crc
	}
	for k := 1; k < len(t); k++ {
		for c := range 256 {
			t[k][c] = crc16ByteOf(&t[0], t[k-1][c], 0)
		}
	}
	return t
}()

func crc16ByteOf(t *[256]uint16, crc uint16, c byte) uint16 { return crc<<8 ^ t[byte(crc>>8)^c] }

// crc16Byte goes on with a CRC-16 by one byte.
func crc16Byte(crc uint16, c byte) uint16 { return crc16ByteOf(&crc16Tables[0], crc, c) }

// crc16 goes on with a CRC-16, eight bytes at a time: a file's index needs that of all its bytes.
func crc16(crc uint16, b []byte) uint16 {
	t := &crc16Tables
	for ; len(b) >= 8; b = b[8:] {
		v := binary.BigEndian.Uint64(b) ^ uint64(crc)<<48
		crc = t[7][v>>56] ^ t[6][v>>48&0xff] ^ t[5][v>>40&0xff] ^ t[4][v>>32&0xff] ^
			t[3][v>>24&0xff] ^ t[2][v>>16&0xff] ^ t[1][v>>8&0xff] ^ t[0][v&0xff]
	}
	for _, c := range b {
		crc = crc16Byte(crc, c)
	}
	return crc
}

// crc8 is the CRC of a frame header (RFC 9639, 9.1.8: polynomial 0x07).
func crc8(b []byte) byte {
	crc := byte(0)
	for _, c := range b {
		crc ^= c
		for range 8 {
			crc = crc<<1 ^ crc>>7*0x07
		}
	}
	return crc
}
