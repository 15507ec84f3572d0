package ingest

import (
	"encoding/binary"

	"weir/internal/media"
)

// SyncSample tells whether decoding can start with an access unit, coded as media.Sample has it. Encoders and files mark samples as
// key that are none (an open GOP, the start of intra refresh, a file without a table of them), so for AVC and HEVC the kinds of its
// NAL units decide (ISO/IEC 14496-10, 7.4.1; 23008-2, 7.4.2.2); marked decides for the other video codecs. Audio is always sync.
func SyncSample(codec media.Codec, marked bool, au []byte) bool {
	switch codec {
	case media.AVC:
		return hasNAL(au, func(b byte) bool { return b&0x1f == 5 })
	case media.HEVC:
		return hasNAL(au, func(b byte) bool { t := b >> 1 & 0x3f; return t >= 16 && t <= 21 })
	case media.AV1:
		return marked
	}
	return true
}

// hasNAL tells whether one of the NAL units of an access unit begins with a byte that match wants.
func hasNAL(au []byte, match func(byte) bool) bool {
	for len(au) > 4 {
		n := binary.BigEndian.Uint32(au)
		if n > 0 && match(au[4]) {
			return true
		}
		if uint64(n)+4 > uint64(len(au)) {
			return false
		}
		au = au[4+n:]
	}
	return false
}
