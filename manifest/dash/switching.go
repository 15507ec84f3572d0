package dash

import (
	"slices"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
)

// switching are the columns of the tracks that share an AdaptationSet with that one, itself among them: pictures of one codec, which the
// packager cuts at the same instants, so that players can switch between them (CMAF's switching set, ISO/IEC 23000-19, 7.3.4).
func switching(run *media.Run, column int) []int {
	t := &run.Tracks[column]
	if t.Kind != media.Video {
		return []int{column}
	}
	var columns []int
	for i := range run.Tracks {
		o := &run.Tracks[i]
		if o.Kind == t.Kind && o.Codec == t.Codec && o.Timescale == t.Timescale && o.VideoRange == t.VideoRange {
			columns = append(columns, i)
		}
	}
	return columns
}

// bounds tells the largest values of all tracks that share the set.
func bounds(set *mpd.AdaptationSetType, run *media.Run, columns []int) {
	var fastest media.Fraction
	for _, i := range columns {
		t := &run.Tracks[i]
		set.MaxWidth = max(set.MaxWidth, uint32(max(t.Width, 0)))
		set.MaxHeight = max(set.MaxHeight, uint32(max(t.Height, 0)))
		if t.FrameRate.Float() > fastest.Float() {
			fastest = t.FrameRate
		}
	}
	set.MaxFrameRate = string(frameRate(fastest))
}

// setList is the sets of a Period, each with what has to be put into it.
type setList struct {
	sets  []*mpd.AdaptationSetType
	fills [][]fill
}

// add takes a set of one Representation, which joins those that are there already. reference is for the set's own ProducerReferenceTime, empty
// where it has none.
func (l *setList) add(set *mpd.AdaptationSetType, reference fill, fills []fill, shared bool) {
	if shared { // each track has an init segment, and a timeline, of its own
		r := set.Representations[0]
		r.SegmentTemplate, set.SegmentTemplate = set.SegmentTemplate, nil
	}
	i := slices.IndexFunc(l.sets, func(known *mpd.AdaptationSetType) bool { return *known.Id == *set.Id })
	if i < 0 {
		if reference.mark != "" {
			fills = append([]fill{reference}, fills...)
		}
		l.sets, l.fills = append(l.sets, set), append(l.fills, fills)
		return
	}
	known := l.sets[i]
	known.Representations = append(known.Representations, set.Representations...)
	if set.StartWithSAP == 0 {
		known.StartWithSAP = 0
	}
	known.SupplementalProperties = weaker(known.SupplementalProperties, set.SupplementalProperties)
	l.fills[i] = append(l.fills[i], fills...)
}

// weaker is what holds for the tracks of both at the change from one Period to the next.
func weaker(a, b []*mpd.DescriptorType) []*mpd.DescriptorType {
	switch {
	case len(a) == 0 || len(b) == 0:
		return nil
	case a[0].SchemeIdUri == schemeContinuity:
		return b
	}
	return a
}
