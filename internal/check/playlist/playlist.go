package playlist

import "time"

// Playlist is what a playlist says. A multivariant one has Variants, a media one has Segments.
type Playlist struct {
	Multivariant bool
	Problems     []Problem
	Tags         map[string]int // line of the first tag of each name, #EXT… without what follows the colon

	Version               int // 1 where it is not told
	IndependentSegments   bool
	Target                time.Duration // 0: not told
	MediaSequence         uint64
	DiscontinuitySequence uint64
	Type                  string // EVENT, VOD or ""
	Ended                 bool
	IFramesOnly           bool
	Control               *Control
	PartTarget            time.Duration // 0: no parts
	Skip                  *Skip
	Segments              []Segment
	Parts                 []Part // of the segment that is being made, behind Segments
	OpenMark              Mark   // what was said between the last segment and Parts
	Hints                 []Hint
	Reports               []Report
	DateRanges            []DateRange

	Variants      []Stream
	IFrameStreams []Stream
	Media         []Stream
}

// Has tells that there is a tag of that name.
func (p *Playlist) Has(tag string) bool { return p.Tags[tag] > 0 }

// Control is EXT-X-SERVER-CONTROL (4.4.3.8).
type Control struct {
	Line       int
	Attributes Attributes
}

// Skip is EXT-X-SKIP (4.4.5.2).
type Skip struct {
	Line       int
	Segments   uint64
	Attributes Attributes
}

// Mark is what tags say of where a segment stands.
type Mark struct {
	Discontinuity bool
	Date          time.Time // EXT-X-PROGRAM-DATE-TIME; zero: none
	DateLine      int
	Map           *Map   // that applies, nil: none
	Key           string // attribute list of the last EXT-X-KEY; "": none
}

// Map is EXT-X-MAP (4.4.4.5).
type Map struct {
	Line  int
	URI   string
	Range *Range
}

// Range is a byte range (4.4.4.2).
type Range struct {
	Offset, Length int64 // Offset < 0: where the one before it ended
}

// Segment is a segment that is listed.
type Segment struct {
	Mark
	Line     int // of its URI
	URI      string
	Duration time.Duration // EXTINF
	Decimal  bool          // EXTINF is not a whole number
	Gap      bool
	Range    *Range
	Parts    []Part
}

// Part is EXT-X-PART (4.4.4.9).
type Part struct {
	Line        int
	URI         string
	Duration    time.Duration
	Independent bool
	Gap         bool
	Range       *Range
}

// Hint is EXT-X-PRELOAD-HINT (4.4.5.3).
type Hint struct {
	Line       int
	Type, URI  string
	Start      int64
	Length     int64 // < 0: to the end
	Attributes Attributes
}

// Report is EXT-X-RENDITION-REPORT (4.4.5.4).
type Report struct {
	Line       int
	URI        string
	Attributes Attributes
}

// DateRange is EXT-X-DATERANGE (4.4.5.1).
type DateRange struct {
	Line       int
	ID         string
	Start      time.Time
	Attributes Attributes
}

// Stream is EXT-X-STREAM-INF with its URI, EXT-X-I-FRAME-STREAM-INF or EXT-X-MEDIA (4.4.6).
type Stream struct {
	Line       int
	URI        string // "": none
	Attributes Attributes
}

// First is the number of the first segment in Segments.
func (p *Playlist) First() uint64 {
	if p.Skip != nil {
		return p.MediaSequence + p.Skip.Segments
	}
	return p.MediaSequence
}

// Next is the number behind the last segment: that of the segment that is being made.
func (p *Playlist) Next() uint64 { return p.First() + uint64(len(p.Segments)) }

// Length is how long the listed segments are together, parts of the open one included.
func (p *Playlist) Length() time.Duration {
	var d time.Duration
	for i := range p.Segments {
		d += p.Segments[i].Duration
	}
	for i := range p.Parts {
		d += p.Parts[i].Duration
	}
	return d
}
