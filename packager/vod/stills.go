package vod

import (
	"math"
	"sort"
	"time"

	"weir/internal/media"
	"weir/packager"
	"weir/packager/trick"
)

// StillDuration is how long each frame of Stills lasts.
const StillDuration = time.Second

// Stills is a segment of single key frames of a track of video: for each of these times, which rise, on the timeline of segments, the one that is
// presented last up to then, or the first of all where none is. It is for thumbnails: frame k is presented k times StillDuration behind 0, and
// a key frame that is wanted for several times is there as often. It is false where there is no key frame, for an album, and for more times
// than a segment of key frames has.
func (t *Title) Stills(track string, at []time.Time) (Segment, bool) {
	c := t.column(track)
	if c == nil || c.Kind != media.Video || len(at) == 0 || len(at) > maxKeys {
		return Segment{}, false
	}
	var s Segment
	frames := make([]trick.Frame, 0, len(at))
	for k, still := 0, (still{}); k < len(at); k++ {
		if still = c.still(media.FromTime(at[k], c.Timescale), still); still.Size == 0 {
			return Segment{}, false
		}
		frames = append(frames, trick.Frame{Size: still.Size, Duration: uint32(media.FromDuration(StillDuration, c.Timescale))})
		s.span(c.file, &still.Sample)
		s.Size += int64(still.Size)
	}
	if s.Size > math.MaxUint32-8 {
		return Segment{}, false
	}
	s.Head = trick.AppendHead(make([]byte, 0, trick.HeadSize(len(frames))), packager.TrackID, 1, 0, frames)
	s.Size += int64(len(s.Head))
	return s, true
}

// still is a key frame, and the row that it is in. Without bytes it is none.
type still struct {
	Sample
	row int
}

// still is the key frame that is presented last up to that time. before is what was found for an earlier time.
func (c *column) still(at media.Ticks, before still) still {
	row := sort.Search(len(c.cuts), func(i int) bool { return c.cuts[i].start > at }) - 1
	for ; row >= before.row; row-- {
		found := still{row: row}
		for _, s := range c.of.Samples.Samples(int(c.cuts[row].first), c.until(row)) {
			if s.Sync && c.time(s.PTS()) <= at {
				found.Sample = s
			}
		}
		if found.Size > 0 {
			return found
		}
	}
	if before.Size > 0 {
		return before
	}
	for _, s := range c.of.Samples.Samples(0, c.of.Samples.Len()) {
		if s.Sync {
			return still{Sample: s}
		}
	}
	return still{}
}

// until is the sample behind those of a row.
func (c *column) until(row int) int {
	if row+1 < len(c.cuts) {
		return int(c.cuts[row+1].first)
	}
	return c.of.Samples.Len()
}
