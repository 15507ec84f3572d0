package dash

import (
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
)

const (
	// schemeTrick marks a set that is for playing fast (DASH-IF IOP, 3.2.9). Its value is the id of the set that it goes with.
	schemeTrick = "http://dashif.org/guidelines/trickmode"
	// keySets is how far the ids of sets of key frames are from those of their main sets.
	keySets = 2 * setsAKind
	// fastest is at how many times the normal speed a decoder of the main set keeps up with its key frames.
	fastest = 32
	// leastKeyRate is the least that is announced for key frames, in bits a second.
	leastKeyRate = 1 << 15
)

// keySet describes the key frames of a video track: of the segments that are complete, behind the last one that does not begin
// with a key frame. A Period that has no complete one yet lists the first that is being made, whose request the edge holds: sets must not be
// added to a Period later. It is nil where there are none. main is the id of the track's own set.
func (b *builder) keySet(t media.Track, s *stretch, column int, strip *strip, l line, main uint32) (*mpd.AdaptationSetType, line, error) {
	keys, rate := line{strip: strip, from: 1, tail: l.tail[:min(1, len(l.tail))]}, int64(0)
	if l.complete() {
		from := l.from
		if i, _ := slices.BinarySearch(strip.keyless, l.to+1); i > 0 {
			from = max(from, strip.keyless[i-1]+1)
		}
		keys = lineOf(strip, from, l.to, nil)
		rate = peakOf(b.window, s, strip.keys, strip.next, func(row *media.Row) int64 {
			seg := row.Segments[column]
			if seg == nil || seg.Gap() {
				return 0
			}
			return keyRate(seg, &s.run.Tracks[column])
		})
	}
	if keys.empty() {
		return nil, keys, nil
	}
	set := mpd.NewAdaptationSet()
	set.Id = mpd.Ptr(main + keySets)
	set.ContentType = mpd.RFC6838ContentTypeType(t.Kind)
	set.SegmentAlignment = true
	set.StartWithSAP = 1
	set.EssentialProperties = []*mpd.DescriptorType{{SchemeIdUri: schemeTrick, Value: strconv.FormatUint(uint64(main), 10)}}
	// In low latency the template tells the same availabilityTimeOffset as the main one, though these segments are there only when they are
	// complete: shaka-player 5.2 takes the least of all sets for that of the channel.
	set.SegmentTemplate = b.template(t, s, "/$Number$.key.m4s")
	r := mpd.NewRepresentation()
	r.Id = t.Name + "-key"
	r.Bandwidth = uint32(min(max(rate, leastKeyRate), math.MaxUint32))
	r.Codecs = t.Codecs
	r.CodingDependency = mpd.Ptr(false)
	r.MaxPlayoutRate = fastest
	picture(r, t)
	set.Representations = []*mpd.RepresentationType{r}
	return set, keys, nil
}

// keyRate is what the key frames of a segment need, in bits a second, when they are all that there is of it: rounded up to a power of two,
// which keeps the MPD's text steady. 0: no key frame at its beginning is known of.
func keyRate(seg *media.Segment, t *media.Track) int64 {
	if len(seg.Parts) == 0 || seg.Parts[0].Key <= 0 || !seg.Parts[0].Independent || seg.Duration <= 0 {
		return 0
	}
	size := seg.Keys.Bytes
	for i, sum := 0, int64(0); i < len(seg.Parts); i++ {
		if seg.Parts[i].Independent {
			sum += int64(seg.Parts[i].Key)
			size = max(size, sum)
		}
	}
	rate := float64(size) * 8 / seg.Duration.Seconds(t.Timescale)
	if rate >= 1<<31 {
		return 1 << 31
	}
	return 1 << bits.Len64(uint64(rate))
}
