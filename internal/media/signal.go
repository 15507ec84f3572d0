package media

import "time"

// Signal is what events of a feed have become on the channel timeline: a break or another thing that manifests tell of
// (EXT-X-DATERANGE, EventStream), or that a run has event messages of some scheme in its media. A Signal with the ID of an earlier one
// takes its place: it says all of that, and more.
type Signal struct {
	ID string `json:"id"` // unique in the channel: [a-z0-9-]+
	// Row is the number of the row with which the signal comes to be known: whoever lists that row, or a later one, has to tell of the signal.
	Row uint64 `json:"row"`
	// InBand: chunks of the run with the ID Run carry event messages (`emsg`) of Scheme and Value, in all tracks of the kind of its
	// lead. Nothing of what follows holds then.
	InBand bool   `json:"inBand,omitzero"`
	Run    uint64 `json:"run,omitzero"`
	Scheme string `json:"scheme,omitzero"`
	Value  string `json:"value,omitzero"`

	Start time.Time `json:"start,omitzero"` // on the channel timeline, to the nanosecond
	// Date is Start by the wall clock, as EXT-X-PROGRAM-DATE-TIME tells it. It does not change.
	Date    time.Time     `json:"date,omitzero"`
	Planned time.Duration `json:"planned,omitzero"` // how long it was said to last; 0: it is a point in time, or nobody has said
	// Duration is how long it did last, which is known with In.
	Duration time.Duration `json:"duration,omitzero"`
	// AutoReturn: the break ends after Planned by itself.
	AutoReturn bool `json:"autoReturn,omitzero"`
	// Loose: the encoder knew nothing of it, and a row begins somewhat later than it.
	Loose bool `json:"loose,omitzero"`
	// Type is the segmentation_type_id of what it began with, 0 for a splice_insert.
	Type uint8 `json:"type,omitzero"`
	// Out, In and Command are splice_info_sections. A break has Out, and In when its end is known, or In alone where nobody has seen
	// its beginning; anything else has Command.
	Out     []byte `json:"out,omitzero"`
	In      []byte `json:"in,omitzero"`
	Command []byte `json:"command,omitzero"`
	// Canceled: it was taken back before it began. Manifests do not tell of it any more, but that it is gone.
	Canceled bool `json:"canceled,omitzero"`
}

// End is where it ends on the channel timeline, as far as anybody can say: false where a break is open and nobody has said how long it
// will be.
func (c *Signal) End() (time.Time, bool) {
	switch {
	case len(c.Out) == 0, len(c.In) > 0:
		return c.Start.Add(max(c.Duration, c.Planned)), true
	case c.Planned > 0:
		return c.Start.Add(c.Planned), true
	}
	return time.Time{}, false
}
