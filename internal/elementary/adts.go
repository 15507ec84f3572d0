package elementary

import (
	"fmt"

	"weir/internal/media"
)

// aacRates are ISO/IEC 14496-3, table 1.18.
var aacRates = [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

// ADTS finds AAC frames with their transport's header (ISO/IEC 14496-3, 1.A.2.2).
type ADTS struct{ config [2]byte }

// Most is the largest aac_frame_length.
func (*ADTS) Most() int { return 1<<13 - 1 }

// Next reads an adts_frame().
func (a *ADTS) Next(b []byte) (Frame, error) {
	const header = 7
	if len(b) < header {
		if len(b) > 0 && b[0] != 0xff || len(b) > 1 && b[1]&0xf6 != 0xf0 {
			return Frame{}, ErrNoSync
		}
		return Frame{}, ErrShort
	}
	if b[0] != 0xff || b[1]&0xf6 != 0xf0 {
		return Frame{}, ErrNoSync
	}
	index, channels := b[2]>>2&15, b[2]&1<<2|b[3]>>6
	size := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
	start := header
	if b[1]&1 == 0 {
		start += 2 // CRC
	}
	if int(index) >= len(aacRates) || size <= start {
		return Frame{}, ErrNoSync
	}
	if size > len(b) {
		return Frame{Size: size}, ErrShort
	}
	f := Frame{Size: size, Samples: 1024, Rate: aacRates[index], Payload: [][]byte{b[start:size]}}
	if blocks := b[6] & 3; blocks != 0 {
		return f, fmt.Errorf("%w: AAC with %d raw data blocks in an ADTS frame", ErrUnsupported, blocks+1)
	}
	object := b[2]>>6 + 1
	a.config = [2]byte{object<<3 | index>>1, index<<7 | channels<<3}
	f.Format = media.Format{Codec: media.AAC, Config: a.config[:]}
	return f, nil
}
