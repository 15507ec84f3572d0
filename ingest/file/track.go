package file

import (
	"math"

	"weir/internal/media"
	"weir/packager/vod"
)

// track is a track of a clip.
type track struct {
	*vod.Track
	from, to int   // its samples that are played
	shift    int64 // from their times to those of the clip

	// Where it begins and ends on the clip's timeline.
	start, end  int64 // presentation
	first, next int64 // decoding
}

// newTrack takes the samples that are played. Audio that an edit list leaves out is not, though decoders may want it: it would be heard where
// the loop begins again. Video before what is presented is: what is shown may need it to be decoded.
func newTrack(k *vod.Track) *track {
	t := &track{Track: k, from: 0, to: k.Samples.Len(), shift: k.Shift, start: math.MaxInt64, end: math.MinInt64}
	for i, s := range k.Samples.Samples(0, t.to) {
		pts := s.PTS() + t.shift
		if k.Kind == media.Audio && i == t.from && pts+int64(s.Duration) <= k.Start {
			t.from++
			continue
		}
		if i == t.from {
			t.first = s.DTS + t.shift
		}
		t.start, t.end = min(t.start, pts), max(t.end, pts+int64(s.Duration))
		t.next = s.DTS + t.shift + int64(s.Duration)
	}
	return t
}

// scale is what the track's times count, in ticks a second.
func (t *track) scale() uint32 { return t.Format.Clock.Timescale }

// decoding is how long the track's decoding lasts.
func (t *track) decoding() int64 { return t.next - t.first }

// move moves the track on the clip's timeline.
func (t *track) move(by int64) {
	t.shift += by
	t.start, t.end, t.first, t.next = t.start+by, t.end+by, t.first+by, t.next+by
}

// ahead is how many samples a cursor unpacks at a time.
const ahead = 128

// cursor is where a player is in one track. Tracks pass the end of the clip each in their own time.
type cursor struct {
	*track
	index  int // in the feed's formats
	at     int // sample, from the first that is played
	loop   media.Ticks
	offset media.Ticks // of the loop, in ticks of the track

	base     int // of unpacked
	unpacked []vod.Sample
}

// len is how many samples are played in a loop.
func (t *track) len() int { return t.to - t.from }

// sample is the next sample, with times of the clip.
func (c *cursor) sample() vod.Sample {
	if i := c.at - c.base; i < 0 || i >= len(c.unpacked) {
		c.base, c.unpacked = c.at, c.unpacked[:0]
		for _, s := range c.Samples.Samples(c.from+c.at, min(c.from+c.at+ahead, c.to)) {
			s.DTS += c.shift
			c.unpacked = append(c.unpacked, s)
		}
	}
	return c.unpacked[c.at-c.base]
}
