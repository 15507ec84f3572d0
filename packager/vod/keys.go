package vod

import (
	"math"

	"weir/internal/media"
	"weir/packager"
	"weir/packager/trick"
)

// maxKeys is how many key frames a segment of them has at most.
const maxKeys = 4096

// Keys is a segment of the key frames of a segment of video alone, as packager/trick makes it of one that is whole: each is shown until the next
// one, and decoded when it is shown. It is false where there is none.
func (t *Title) Keys(track string, number uint64) (Segment, bool) {
	c, row, ok := t.segment(track, number)
	if !ok || c.Kind != media.Video {
		return Segment{}, false
	}
	var s Segment
	var at []media.Ticks
	var frames []trick.Frame
	_, err := c.chunk(row, func(sample *Sample) {
		if !sample.Sync || len(frames) == maxKeys {
			return
		}
		pts := c.time(sample.PTS())
		if n := len(at); n > 0 && (pts <= at[n-1] || pts-at[n-1] > math.MaxUint32) {
			return
		}
		at, frames = append(at, pts), append(frames, trick.Frame{Size: sample.Size})
		s.span(c.file, sample)
	})
	if err != nil || len(frames) == 0 {
		return Segment{}, false
	}
	at[0] = min(at[0], c.cuts[row].start) // not only when the pictures that lead it are over
	for i := range frames {
		next := max(c.next(row), at[i]+1)
		if i+1 < len(at) {
			next = at[i+1]
		}
		frames[i].Duration = uint32(min(next-at[i], math.MaxUint32))
		s.Size += int64(frames[i].Size)
	}
	s.Head = trick.AppendHead(make([]byte, 0, trick.HeadSize(len(frames))), packager.TrackID, uint32(number)+1, uint64(at[0]), frames)
	s.Size += int64(len(s.Head))
	return s, true
}
