package media

import "time"

// Segment is one closed segment of one track, as an edge holds it.
type Segment struct {
	SegmentEnd
	Parts []Part // one a chunk, in order; one for all of it where Data is not at hand
	Data  []byte // the whole segment; nil for a gap, and where it is not at hand but can be read back
}

// Part is where a chunk lies within its segment.
type Part struct {
	Offset, Size int // in bytes
	Duration     Ticks
	Independent  bool
	Key          int // bytes from Offset to the end of the part's first sample, where it is independent; else 0
}

// Row is what all tracks of a channel have under one segment number. Its segments start and end at the same instants, but for
// the rounding to whole samples.
type Row struct {
	Number   uint64
	Run      *Run
	Start    time.Time     // presentation time of the run's lead track, on the channel timeline
	Duration time.Duration // of the run's lead track
	Wall     time.Time     // when its first sample arrived, filtered: EXT-X-PROGRAM-DATE-TIME
	Anchor   Anchor
	Segments []*Segment // beside Run.Tracks, in their order; a gap has no Data
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

// OpenRow is a row that is being made, as it is at one moment.
type OpenRow struct {
	Number   uint64
	Run      *Run
	Wall     time.Time // as in Row
	Anchor   Anchor
	Segments []OpenSegment // beside Run.Tracks, in their order
}

// OpenSegment is what there is of a segment of an open row.
type OpenSegment struct {
	Segment *Segment // what it became, which may be a gap; nil: it is being made
	Start   Ticks    // earliest presentation time on the channel timeline; it counts from the first part on
	Parts   []Part   // those that are there, from the first on, without holes
}

// Duration is that of the parts that are there.
func (s *OpenSegment) Duration() Ticks {
	d := Ticks(0)
	for i := range s.Parts {
		d += s.Parts[i].Duration
	}
	return d
}

// End is where the row's lead track ends on the channel timeline.
func (r *Row) End() time.Time { return r.Start.Add(r.Duration) }

// Rate is how much a track's segments need, in bits a second. Both only ever rise while the channel is on air, so that what a
// player was told stays true. The packager measures it, so that every edge tells the same.
type Rate struct {
	Peak    int `json:"peak"`    // of the largest segment
	Average int `json:"average"` // over what was seen
}

// Rows is a sequence of rows with successive numbers, oldest first. It is a view: reading it needs no lock. A row may be replaced by one that differs in
// nothing but whether the media of its segments is at hand.
type Rows interface {
	Len() int
	At(i int) *Row // 0 ≤ i < Len()
}

// Window is what can be rewound of a channel at one moment: an immutable snapshot.
type Window struct {
	Channel string
	Title   string        // for people; may be ""
	Segment time.Duration // what the operator asked for, as far as Target lets it
	Target  time.Duration // longest that a segment may be, a whole number of seconds: EXT-X-TARGETDURATION
	DVR     time.Duration // how far back a player can go for certain: what the operator asked for, or what is kept in any case if that is more
	// Rows are those that manifests list: complete in every track of their run. It may be empty.
	Rows Rows
	// Open are the rows behind Rows that are being made, as far as their numbers follow without a hole. A segment of them that is
	// closed stays what it is when its row is complete, so a track's playlist may list it at once.
	Open []OpenRow
	// LowLatency tells that manifests are to offer parts: media of Open, before its segment is complete.
	LowLatency bool
	// Ended tells that nothing will be added any more: what is listed is all.
	Ended bool
	// Undated tells that the media was never on air, and manifests name no wall-clock times: the Wall of a row is how far into the asset it
	// begins, counted from the Unix epoch.
	Undated bool
	// At is where players are to begin, counted from the beginning of what is listed; 0: where they like.
	At time.Duration
	// Tracks are all that any run of the window has, in the order of Run.Tracks, each as its newest run describes it.
	Tracks []Track
	Rates  map[string]Rate // by the track's name
	// Images are thumbnails of what is listed; nil: there are none.
	Images *Images
	// Captions are the caption channels in the pictures that manifests announce, CEA-608 before 708, by number; none: there are none, as far as
	// is known.
	Captions []Caption
	// Signals are what has been told with the rows up to the newest, the same on every edge: those that have to do with what is listed, and some
	// that had lately. By Start.
	Signals []Signal
	// Published rises with every change of what Rows, Tracks, Rates and the durations say, and is the same on every edge: it is when the newest
	// row's last sample arrived at the ingest, in milliseconds, and in nanoseconds how often settings were changed.
	Published time.Time
	// Version tells this state of the window from others of the same edge.
	Version Version
}

// Version counts the changes of a window on one edge. Each of its numbers rises with the changes that it counts and with those
// of the numbers before it.
type Version struct {
	Listing uint64 // all but Open has changed
	Open    uint64 // an open row has come, or a segment of one was closed
	Parts   uint64 // a part has come
}

// Bounds are the ends of the window on the channel timeline; ok is false for an empty window.
func (w *Window) Bounds() (oldest, newest time.Time, ok bool) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return time.Time{}, time.Time{}, false
	}
	return w.Rows.At(0).Start, w.Rows.At(w.Rows.Len() - 1).End(), true
}
