package file

import (
	"fmt"
	"math"

	"weir/internal/media"
)

const (
	maxSample  = 16 << 20
	maxSamples = 4 << 20 // of a file: about 100 MB of index
	maxTime    = 1 << 55 // ticks
	syncBit    = 1 << 31
)

// sample is where a sample lies, and when it is.
type sample struct {
	offset int64 // in the file
	dts    int64 // ticks of the track
	cts    int32 // to the presentation time
	size   uint32
}

func (s sample) bytes() int { return int(s.size &^ syncBit) }
func (s sample) sync() bool { return s.size&syncBit != 0 }
func (s sample) pts() int64 { return s.dts + int64(s.cts) }
func (s *sample) mark()     { s.size |= syncBit }

// track is a track's index while it grows, and when it is done.
type track struct {
	id      uint32
	format  media.Format
	edit    edit
	samples []sample
	next    int64 // decoding time after the last sample
}

// index is what builds the tracks of a file.
type index struct {
	size   int64 // of the file
	tracks []*track
	count  int // samples of all
}

// add appends a sample to t. Every sample lies within the file.
func (x *index) add(t *track, offset int64, size, duration uint32, cts int32, sync bool) error {
	n := len(t.samples)
	switch {
	case size > maxSample:
		return fmt.Errorf("%w: sample %d of track %d has %d bytes", ErrFile, n+1, t.id, size)
	case offset < 0 || offset > x.size-int64(size):
		return fmt.Errorf("%w: sample %d of track %d, %d bytes at %d, lies outside of the file", ErrFile, n+1, t.id, size, offset)
	case x.count >= maxSamples:
		return fmt.Errorf("%w: more than %d samples", ErrFile, maxSamples)
	case t.next > maxTime:
		return fmt.Errorf("%w: sample %d of track %d has a decoding time of %d", ErrFile, n+1, t.id, t.next)
	}
	s := sample{offset: offset, dts: t.next, cts: cts, size: size}
	if sync {
		s.mark()
	}
	t.next += int64(duration)
	if size > 0 { // an empty sample is a pause
		t.samples = append(t.samples, s)
		x.count++
	}
	return nil
}

// edit is what an edit list says of where a track's media goes (ISO/IEC 14496-12, 8.6.6), as far as it is honoured: a delay, then
// one stretch of the media. Later stretches are left out.
type edit struct {
	delay int64 // ticks of the track
	start int64 // composition time of the stretch's start
	end   int64 // composition time of its end; math.MaxInt64: that of the media
}

func noEdit() edit { return edit{end: math.MaxInt64} }

// apply moves the samples to the presentation timeline. Audio outside of the stretch is left out; video is kept, since what is shown
// may need it to be decoded.
func (t *track) apply() {
	first, end := 0, len(t.samples)
	if t.format.Codec.Kind() == media.Audio {
		for first < end && t.samples[first].pts()+t.duration(first) <= t.edit.start {
			first++
		}
		for end > first && t.samples[end-1].pts() >= t.edit.end {
			end--
		}
	}
	if end < len(t.samples) {
		t.next = t.samples[end].dts
	}
	t.samples = t.samples[first:end]
	shift := t.edit.delay - t.edit.start
	for i := range t.samples {
		t.samples[i].dts += shift
	}
	t.next += shift
}

// duration is how long sample i lasts.
func (t *track) duration(i int) int64 {
	if i+1 < len(t.samples) {
		return t.samples[i+1].dts - t.samples[i].dts
	}
	return t.next - t.samples[i].dts
}

// bounds are where the track's presentation begins and ends, and how long its decoding lasts.
func (t *track) bounds() (start, end, decoding int64) {
	start, end = math.MaxInt64, math.MinInt64
	for i, s := range t.samples {
		start, end = min(start, s.pts()), max(end, s.pts()+t.duration(i))
	}
	return start, end, t.next - t.samples[0].dts
}
