package hls

import "weir/internal/media"

// hint is the part that a playlist hints at (rfc8216bis, 4.4.5.3): the next of the segment that is being made, or, where that segment is about to
// end, the first of the one behind it. Until a segment is closed nobody knows that it has all its parts; but where its two predecessors in the
// run, last and before, were as long as each other, it will be too, with as many parts as the last: sound often ends with a part so short
// that its length alone does not tell whether it is still to come. A hint that comes true at every border spares players a request for a
// part that is never made. One that does not is taken back with the next part.
func (o *opening) hint(last, before entry) (number uint64, part int) {
	if o.segment == nil {
		return o.number, 0
	}
	parts := o.segment.Parts
	if o.regular(last, before) && len(parts) >= len(last.segment.Parts) && o.near(o.segment.Duration()-last.segment.Duration) {
		return o.number + 1, 0
	}
	return o.number, len(parts)
}

// regular tells whether the track's last two segments are of the run and as long as each other.
func (o *opening) regular(last, before entry) bool {
	return last.run == o.run && before.run == o.run && !last.gap() && !before.gap() &&
		o.near(last.segment.Duration-before.segment.Duration)
}

// near tells whether a difference is less than half a part: another part does not fit into it.
func (o *opening) near(difference media.Ticks) bool {
	t := &o.run.Tracks[o.column]
	return max(difference, -difference)*2 < media.FromDuration(t.Part, t.Timescale)
}
