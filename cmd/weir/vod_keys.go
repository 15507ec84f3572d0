package main

import (
	"encoding/binary"
	"io"

	"weir/internal/media"
	"weir/packager/vod"
)

// What is looked into of a track's key frames.
const (
	maxKeysLooked = 2000
	maxNALs       = 1000 // of a key frame
)

// unclean is how many of a track's key frames, of those that were looked into, are none by what is in them: H.264 that is no IDR picture (ISO/IEC
// 14496-15, 5.3), HEVC that is no random access point. Players that begin there may show broken pictures, and HLS wants an IDR picture in front of each
// segment. Other codecs are not looked into.
func unclean(file io.ReaderAt, t *vod.Track) (count int) {
	if t.Format.Codec != media.AVC && t.Format.Codec != media.HEVC {
		return 0
	}
	looked := 0
	for _, s := range t.Samples.Samples(0, t.Samples.Len()) {
		if !s.Sync {
			continue
		}
		if looked++; !clean(file, t.Format.Codec, s.Offset, s.Offset+int64(s.Size)) {
			count++
		}
		if looked == maxKeysLooked {
			break
		}
	}
	return count
}

// clean tells whether a NAL unit of a sample that lies there is a random access point. What cannot be read is none.
func clean(file io.ReaderAt, codec media.Codec, at, end int64) bool {
	var head [5]byte
	for range maxNALs {
		if at+int64(len(head)) > end {
			return false
		}
		if _, err := file.ReadAt(head[:], at); err != nil {
			return false
		}
		switch kind := head[4]; codec {
		case media.AVC:
			if kind&0x1f == 5 {
				return true
			}
		case media.HEVC:
			if kind := kind >> 1 & 0x3f; kind >= 16 && kind <= 21 {
				return true
			}
		}
		at += 4 + int64(binary.BigEndian.Uint32(head[:]))
	}
	return false
}
