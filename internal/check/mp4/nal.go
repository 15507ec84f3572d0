package mp4

import "encoding/binary"

// Independent tells what the NAL units of a sample say of it: known is false where the codec has none, the sample is encrypted, or
// does not lie in data; sync is true where one of them is of an IDR picture, or in HEVC of any random access point.
func (t *Track) Independent(data []byte, s Sample) (sync, known bool) {
	if t.LengthOf == 0 || t.Encrypted || s.Offset < 0 || s.Size < 0 || s.Offset > len(data) || s.Size > len(data)-s.Offset {
		return false, false
	}
	b := data[s.Offset : s.Offset+s.Size]
	for len(b) > t.LengthOf {
		var length [8]byte
		copy(length[8-t.LengthOf:], b)
		n := binary.BigEndian.Uint64(length[:])
		b = b[t.LengthOf:]
		if n == 0 || n > uint64(len(b)) {
			return sync, sync
		}
		switch t.Entry[:3] {
		case "avc":
			sync = sync || b[0]&0x1f == 5
		default:
			kind := b[0] >> 1 & 0x3f
			sync = sync || kind >= 16 && kind <= 21
		}
		known = true
		b = b[n:]
	}
	return sync, known
}
