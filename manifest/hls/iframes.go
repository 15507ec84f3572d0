package hls

import (
	"weir/internal/media"
	"weir/manifest"
)

const (
	playlistName = "/index.m3u8"
	iframesName  = "/iframes.m3u8"
)

// key is where the segment's first frame lies, with the `moof` before it; of size 0 where it is no I-frame.
func (e *entry) key() (offset, size int) {
	if e.gap() || len(e.segment.Parts) == 0 || !e.segment.Parts[0].Independent {
		return 0, 0
	}
	return e.segment.Parts[0].Offset, e.segment.Parts[0].Key
}

// keyRate is what an I-frame playlist needs at this segment, in bits a second.
func (e *entry) keyRate() int {
	_, size := e.key()
	ms := int(e.duration())
	if size <= 0 || ms <= 0 {
		return 0
	}
	return size * 8 * millis / ms
}

// keyBandwidth is the BANDWIDTH to announce for I-frames: peak, rounded up to a step. The steps are coarse, a third or less above one another, so that the
// text does not change whenever a larger frame comes or goes; headroom is as in manifest.Peak.
func keyBandwidth(peak int) uint32 {
	steps := [...]int{10, 13, 17, 22, 30, 40, 53, 70, 94, 125}
	rate, unit := int(manifest.Peak(media.Rate{Peak: peak})), 1
	for rate > unit*steps[len(steps)-1] {
		unit *= 10
	}
	for _, s := range steps {
		if rate <= s*unit {
			return uint32(min(s*unit, 1<<32-1))
		}
	}
	return uint32(rate)
}
