package mp4

import (
	"fmt"
	"math"
)

// Segment is what lies in a media segment, a part of one, or a byte range that begins with a moof.
type Segment struct {
	Boxes  []Box    // of the top level, in order
	Styp   []string // brands, nil where there is no styp
	Chunks []Chunk
}

// Chunk is a moof with the mdat that follows it.
type Chunk struct {
	Moof, Mdat Box // Mdat.Size 0: none follows
	Fragments  []Fragment
}

// Fragment is a traf: the samples of one track within a chunk.
type Fragment struct {
	Track    *Track
	Decode   uint64 // baseMediaDecodeTime, in the track's timescale
	Timed    bool   // there is a tfdt
	Relative bool   // data offsets count from the moof: default-base-is-moof, or no base at all
	Samples  []Sample
}

// Sample is a sample's place and time.
type Sample struct {
	Offset, Size int // within what was read; it may lie beyond its end
	Decode       uint64
	Duration     uint32
	Composition  int64 // offset from decoding to presentation
	Sync         bool
}

// Duration is that of all samples of the track, in its timescale.
func (f *Fragment) Duration() uint64 {
	d := uint64(0)
	for i := range f.Samples {
		d += uint64(f.Samples[i].Duration)
	}
	return d
}

// Earliest is the earliest presentation time of the fragment in its track's timescale, edit list applied.
func (f *Fragment) Earliest() int64 {
	first := int64(math.MaxInt64)
	for i := range f.Samples {
		first = min(first, int64(f.Samples[i].Decode)+f.Samples[i].Composition)
	}
	if len(f.Samples) == 0 {
		first = int64(f.Decode)
	}
	return first - f.Track.Shift
}

// ParseSegment reads what belongs to an init segment. What is cut off behind the first moof is no error: it may be a byte
// range. Errors wrap ErrBroken; what was read until then is there.
func ParseSegment(data []byte, in *Init) (*Segment, error) {
	s := &Segment{}
	list, err := boxes(data, 0)
	if err != nil && len(list) > 0 { // the last box may be cut off: a range that holds the first sample only
		if last, ok := cutMdat(data, list); ok {
			list, err = append(list, last), nil
		}
	}
	s.Boxes = list
	if err != nil {
		return s, err
	}
	samples := 0
	for i := range list {
		switch list[i].Type {
		case "styp":
			s.Styp = brands(&list[i])
		case "moof":
			c := Chunk{Moof: list[i]}
			if i+1 < len(list) && list[i+1].Type == "mdat" {
				c.Mdat = list[i+1]
			}
			if c.Fragments, err = parseMoof(&list[i], in, &samples); err != nil {
				return s, err
			}
			s.Chunks = append(s.Chunks, c)
		}
	}
	return s, nil
}

// cutMdat is the mdat behind list that goes on beyond the end of data.
func cutMdat(data []byte, list []Box) (Box, bool) {
	end := list[len(list)-1].Offset + list[len(list)-1].Size
	r := reader{b: data[end:]}
	size, name := r.u32(), string(r.bytes(4))
	if r.short || name != "mdat" || size < 8 || list[len(list)-1].Type != "moof" {
		return Box{}, false
	}
	return Box{name, end, int(min(size, math.MaxInt32)), r.b}, true
}

// parseMoof reads the trafs of a moof (8.8.4).
func parseMoof(moof *Box, in *Init, samples *int) ([]Fragment, error) {
	list, err := moof.children(0)
	if err != nil {
		return nil, err
	}
	var out []Fragment
	for i := range list {
		if list[i].Type != "traf" {
			continue
		}
		if len(out) >= maxTracks {
			return out, fmt.Errorf("%w: more than %d tracks in a moof", ErrBroken, maxTracks)
		}
		f, err := parseTraf(moof, &list[i], in, samples)
		if err != nil {
			return out, err
		}
		out = append(out, f)
	}
	return out, nil
}
