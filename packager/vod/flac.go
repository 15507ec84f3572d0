package vod

import (
	"bytes"
	"fmt"

	"weir/internal/media"
)

// flacInfo is what STREAMINFO says (RFC 9639, 8.2).
type flacInfo struct {
	least, most int // samples a block
	largest     int // bytes of a frame; 0: it is not known
	rate        int // Hz
	channels    int
	bits        int   // a sample
	samples     int64 // 0: it is not known
}

// readFLAC reads a FLAC file (RFC 9639) from its marker on. Frames do not tell their size: one ends where its CRC-16 is right and the header of
// the very next stands, and the last one where its CRC-16 is right last.
func readFLAC(s *stream, each eachFrame) (media.Format, error) {
	format, info, err := readFLACHeader(s)
	if err != nil {
		return format, err
	}
	b, err := s.peek(flacHeaderMost)
	if err != nil {
		return format, err
	}
	header, ok := parseFLACHeader(b, info)
	if !ok {
		return format, fmt.Errorf("%w: at byte %d should be the first frame of FLAC, and is not", ErrFile, s.at)
	}
	base := header.first(info)
	samples := int64(0)
	for more := true; more; {
		start, h := s.at, header
		var size int64
		if header, size, more, err = flacFrame(s, h, info); err != nil {
			return format, err
		}
		if size == 0 {
			break
		}
		if err := each(start, int(size), h.block); err != nil {
			return format, err
		}
		samples += int64(h.block)
	}
	if samples < info.samples && base == 0 {
		return format, fmt.Errorf("%w: it is damaged or cut off: %d of its %d samples are there", ErrFile, samples, info.samples)
	}
	return format, nil
}

// readFLACHeader reads the metadata blocks. Of those but STREAMINFO nothing is kept: pictures may have megabytes.
func readFLACHeader(s *stream) (media.Format, flacInfo, error) {
	const block = 4 + 34
	format := media.Format{Codec: media.FLAC}
	b, err := s.peek(4 + block)
	if err != nil {
		return format, flacInfo{}, err
	}
	if len(b) < 4+block || b[4]&0x7f != 0 || b[5] != 0 || b[6] != 0 || b[7] != block-4 {
		return format, flacInfo{}, fmt.Errorf("%w: FLAC without STREAMINFO", ErrFile)
	}
	last := b[4]&0x80 != 0
	format.Config = bytes.Clone(b[4:])
	format.Config[0] = 0x80 // the only one
	p := format.Config[4:]
	info := flacInfo{
		least: int(p[0])<<8 | int(p[1]), most: int(p[2])<<8 | int(p[3]),
		largest: int(p[7])<<16 | int(p[8])<<8 | int(p[9]),
		rate:    int(p[10])<<12 | int(p[11])<<4 | int(p[12])>>4, channels: int(p[12]>>1&7) + 1, bits: int(p[12]&1)<<4 | int(p[13]>>4) + 1,
		samples: int64(p[13]&15)<<32 | int64(p[14])<<24 | int64(p[15])<<16 | int64(p[16])<<8 | int64(p[17]),
	}
	if info.rate == 0 || info.least < 16 && info.least != info.most || info.most < info.least {
		return format, info, fmt.Errorf("%w: STREAMINFO of FLAC: %d Hz, blocks of %d to %d samples", ErrFile, info.rate, info.least, info.most)
	}
	format.Clock.Timescale = uint32(info.rate)
	if err := s.skip(4 + block); err != nil {
		return format, info, err
	}
	for !last {
		if b, err = s.peek(4); err != nil {
			return format, info, err
		}
		if len(b) < 4 {
			return format, info, fmt.Errorf("%w: it is cut off within the metadata of FLAC", ErrFile)
		}
		last = b[0]&0x80 != 0
		if err := s.skip(4 + (int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3]))); err != nil {
			return format, info, err
		}
	}
	return format, info, nil
}
