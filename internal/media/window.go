package media

import "time"

// Segment is one closed segment of one track, as an edge holds it.
type Segment struct {
	SegmentEnd
	Parts []Part // one a chunk, in order
	Data  []byte // the whole segment; nil for a gap
}

// Part is where a chunk lies within its segment.
type Part struct {
	Offset, Size int // in bytes
	Duration     Ticks
	Independent  bool
}

// Row is what all tracks of a channel have under one segment number. Its segments start and end at the same instants, but for
// the rounding to whole samples.
type Row struct {
	Number   uint64
	Run      *Run
	Start    time.Time     // presentation time of the run's lead track, on the channel timeline
	Duration time.Duration // of the run's lead track
	Wall     time.Time     // when its first sample arrived, filtered: EXT-X-PROGRAM-DATE-TIME
	Segments []*Segment    // beside Run.Tracks, in their order; a gap has no Data
}

// Segment is the row's segment of that track, or nil where the run has no such track.
func (r *Row) Segment(track string) *Segment {
	for i, t := range r.Run.Tracks {
		if t.Name == track {
			return r.Segments[i]
		}
	}
	return nil
}

// End is where the row's lead track ends on the channel timeline.
func (r *Row) End() time.Time { return r.Start.Add(r.Duration) }

// Rate is how much a track's segments need, in bits a second. Both only ever rise while a window is kept, so that what a
// player was told stays true.
type Rate struct {
	Peak    int // of the largest segment
	Average int // over what was seen
}

// Rows is a sequence of rows with successive numbers, oldest first. It is a view: reading it needs no lock.
type Rows interface {
	Len() int
	At(i int) *Row // 0 ≤ i < Len()
}

// Window is what can be rewound of a channel at one moment: an immutable snapshot.
type Window struct {
	Channel string
	Title   string        // for people; may be ""
	Segment time.Duration // what the operator asked for
	Target  time.Duration // longest that a segment may be, a whole number of seconds: EXT-X-TARGETDURATION
	DVR     time.Duration // what the operator asked for
	// Rows are those that manifests list: complete in every track of their run. It may be empty.
	Rows Rows
	// Tracks are all that any run of the window has, in the order of Run.Tracks, each as its newest run describes it.
	Tracks []Track
	Rates  map[string]Rate // by the track's name
	// Published is when the newest change of the window came about, for DASH's publishTime.
	Published time.Time
}

// Bounds are the ends of the window on the channel timeline; ok is false for an empty window.
func (w *Window) Bounds() (oldest, newest time.Time, ok bool) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return time.Time{}, time.Time{}, false
	}
	return w.Rows.At(0).Start, w.Rows.At(w.Rows.Len() - 1).End(), true
}
