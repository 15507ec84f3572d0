package vod

import (
	"bytes"
	"fmt"
)

// flacFrame goes from the beginning of a frame to that of the next, and gives the frame's size and the next one's header. more is false at the
// last frame: then it stops anywhere behind it. A size of 0 is a last frame that is not all there.
func flacFrame(s *stream, h flacHeader, info flacInfo) (next flacHeader, size int64, more bool, err error) {
	start := s.at
	limit := start + h.most(info)
	// Where the music may end, the end of a frame is told by its CRC-16 alone.
	last := s.size-limit <= maxGarbage || info.samples > 0 && h.first(info)+int64(h.block) >= info.samples
	crc := uint16(0)  // of all from start on; 0 where its own is right
	whole := int64(0) // how long the frame is by the last place where that was so
	for s.at < limit && s.left() > 0 {
		b, err := s.buffered(2 * flacHeaderMost)
		if err != nil {
			return next, 0, false, err
		}
		n := len(b) // those that a header can begin at
		if int64(n) < s.left() {
			n -= flacHeaderMost
		}
		for at := 0; at < n; {
			if crc == 0 && b[at] == 0xff && s.at+int64(at) > start {
				if next, ok := parseFLACHeader(b[at:min(at+flacHeaderMost, len(b))], info); ok && h.follows(next) {
					size := s.at + int64(at) - start
					return next, size, true, s.skip(int64(at))
				}
			}
			// On to the next 0xff.
			end := at + 1
			if more := bytes.IndexByte(b[end:n], 0xff); more >= 0 {
				end += more
			} else {
				end = n
			}
			if !last {
				crc = crc16(crc, b[at:end])
				at = end
				continue
			}
			for ; at < end; at++ {
				crc = crc16Byte(crc, b[at])
				if crc != 0 {
					continue
				}
				if done := s.at + int64(at) + 1 - start; done > int64(h.size)+2 {
					if whole = done; isTail(b[at+1:]) {
						return next, whole, false, nil
					}
				}
			}
		}
		if err := s.skip(int64(n)); err != nil {
			return next, 0, false, err
		}
	}
	switch {
	case last && (whole > 0 || info.samples == 0):
		return next, whole, false, nil
	case last:
		return next, 0, false, fmt.Errorf("%w: the frame of FLAC at byte %d is damaged or cut off: its CRC is wrong", ErrFile, start)
	}
	return next, 0, false, fmt.Errorf("%w: the frame of FLAC at byte %d is damaged, or the one behind it: its CRC is wrong, or no frame follows",
		ErrFile, start)
}
