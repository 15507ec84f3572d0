package rtmp

import (
	"encoding/binary"

	"weir/internal/media"
)

// isSync tells whether decoding can start with the packet's frame. Encoders mark frames as key that are none (an open GOP, the start
// of intra refresh), so the kind of its NAL units decides where they have one.
func isSync(p packet) bool {
	switch p.Codec {
	case media.AVC:
		return hasNAL(p.Data, func(b byte) bool { return b&0x1f == 5 })
	case media.HEVC:
		return hasNAL(p.Data, func(b byte) bool { t := b >> 1 & 0x3f; return t >= 16 && t <= 21 })
	case media.AV1:
		return p.Key
	}
	return true
}

// hasNAL tells whether one of the NAL units of an access unit begins with a byte that match wants.
func hasNAL(au []byte, match func(byte) bool) bool {
	for len(au) > 4 {
		n := binary.BigEndian.Uint32(au)
		if match(au[4]) && n > 0 {
			return true
		}
		if uint64(n)+4 > uint64(len(au)) {
			return false
		}
		au = au[4+n:]
	}
	return false
}

// payload is the packet's frame as media.Sample has it.
func payload(p packet) []byte {
	// A temporal delimiter (AV1, 5.6) has no place in a sample; some encoders send it.
	if p.Codec == media.AV1 && len(p.Data) > 2 && p.Data[0] == 0x12 && p.Data[1] == 0 {
		return p.Data[2:]
	}
	return p.Data
}
