package elementary

import (
	"bytes"
	"encoding/binary"
	"iter"
)

var startCode = []byte{0, 0, 1}

// NALUnits are the NAL units of a byte stream (ISO/IEC 14496-10, annex B; 23008-2, annex B), as slices of it, without start codes. What
// stands before the first start code is none. Of zero bytes behind a NAL unit one is taken for the next start code's; others stay,
// as in every other program: decoders pass over them.
func NALUnits(stream []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		at := bytes.Index(stream, startCode)
		for at >= 0 {
			stream = stream[at+len(startCode):]
			at = bytes.Index(stream, startCode)
			nal := stream
			if at >= 0 {
				nal = bytes.TrimSuffix(stream[:at], startCode[:1])
			}
			if len(nal) > 0 && !yield(nal) {
				return
			}
		}
	}
}

// AppendNALUnit appends a NAL unit with its length in 4 bytes before it (ISO/IEC 14496-15, 5.3.4.2).
func AppendNALUnit(to, nal []byte) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(nal))), nal...)
}
