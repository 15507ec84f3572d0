package vod

import (
	"encoding/binary"
)

// mp3DecoderDelay is how many samples a decoder of layer III puts out before those that it was given: 528 of the filter bank and of the
// overlap of blocks, and one more, by which encoders and decoders agree to count since LAME. Encoders' delay and padding do not have it.
const mp3DecoderDelay = 528 + 1

// mp3Tag tells whether the first frame of a file is one of Xing's or of VBRI: silence, in which an encoder has written down what the others
// are. It is no media. In its LAME extension stand the encoder's delay and padding, in samples; they are given as what is to be cut off of what
// is decoded. Without that nothing is known of them, and nothing is cut off.
func mp3Tag(frame []byte) (priming, padding int64, ok bool) {
	mpeg1, mono := frame[1]>>3&3 == 3, frame[3]>>6 == 3
	side := 32 // bytes of side information
	switch {
	case mpeg1 && mono, !mpeg1 && !mono:
		side = 17
	case !mpeg1:
		side = 9
	}
	const vbri = 4 + 32
	if len(frame) >= vbri+4 && string(frame[vbri:vbri+4]) == "VBRI" {
		return 0, 0, true
	}
	at := 4 + side
	if !isXing(frame, at) {
		if at += 2; frame[1]&1 != 0 || !isXing(frame, at) { // behind the CRC; most encoders do not mind it
			return 0, 0, false
		}
	}
	if len(frame) < at+8 {
		return 0, 0, true
	}
	flags := frame[at+7]
	at += 8
	for bit, size := range []int{4, 4, 100, 4} { // frames, bytes, table of contents, quality
		if flags>>bit&1 != 0 {
			at += size
		}
	}
	// Encoder's name (9 bytes), revision and method, low-pass, gains (8), flags, bit rate; then delay and padding.
	const delays = 21
	if len(frame) < at+delays+3 {
		return 0, 0, true
	}
	switch string(frame[at : at+4]) {
	case "LAME", "Lavf", "Lavc":
	default:
		return 0, 0, true
	}
	v := binary.BigEndian.Uint32(frame[at+delays-1:]) & 0xffffff
	return int64(v>>12) + mp3DecoderDelay, max(int64(v&0xfff)-mp3DecoderDelay, 0), true
}

func isXing(frame []byte, at int) bool {
	if len(frame) < at+4 {
		return false
	}
	name := string(frame[at : at+4])
	return name == "Xing" || name == "Info"
}
