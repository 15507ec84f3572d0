package media

import "time"

// Fraction is a ratio of whole numbers, such as a frame rate of 30000/1001.
type Fraction struct {
	Num uint32 `json:"num"`
	Den uint32 `json:"den"`
}

// Float is the ratio's value, 0 where it is not known.
func (f Fraction) Float() float64 {
	if f.Den == 0 {
		return 0
	}
	return float64(f.Num) / float64(f.Den)
}

// Track is a CMAF track as the packager writes it in one run: what a manifest has to say about it.
type Track struct {
	Name      string `json:"name"` // in URLs and subjects: v1, v2, … for video, a1, a2, … for audio, t1, t2, … for text; [a-z0-9]+
	Kind      Kind   `json:"kind"`
	Codec     Codec  `json:"codec"`
	Codecs    string `json:"codecs"`    // RFC 6381, exact
	Timescale uint32 `json:"timescale"` // ticks a second: 90000 for video and text, the sample rate for audio
	Language  string `json:"language,omitempty"`
	Init      uint32 `json:"init"` // version of the init segment; rises with every change of it, over runs
	// Part is how long chunks are: none is longer, and those that are not the last of their segment are hardly shorter. In HLS it
	// becomes PART-TARGET. 0: a segment is one chunk.
	Part time.Duration `json:"part,omitzero"`
	// Pace is what else decides on where chunks end. Records of runs that were made before there was one lack it.
	Pace Pace `json:"pace,omitzero"`

	Width      int      `json:"width,omitzero"` // video, in pixels as displayed (cropping, aspect ratio and rotation applied)
	Height     int      `json:"height,omitzero"`
	Rotation   int      `json:"rotation,omitzero"`   // video, as Format has it; the init segment tells players
	FrameRate  Fraction `json:"frameRate,omitzero"`  // video, 0/0 where it is not known
	VideoRange string   `json:"videoRange,omitzero"` // SDR, HLG or PQ, as EXT-X-STREAM-INF has it

	SampleRate int `json:"sampleRate,omitzero"` // audio, in Hz
	Channels   int `json:"channels,omitzero"`
	Objects    int `json:"objects,omitzero"` // of E-AC-3 with Dolby Atmos (ETSI TS 103 420): how many are told apart; 0 elsewhere
}

// Pace is how regular a track's frames were taken to be when its run began, in ticks of the track.
type Pace struct {
	Frames int   `json:"frames"`         // that make a chunk where they are regular; 0: there is no pace
	Loose  Ticks `json:"loose,omitzero"` // by how much a frame may be shorter than the one before it
	Frame  Ticks `json:"frame,omitzero"` // how long one is; 0: timestamps jitter
}

// Mapping ties the clock of a run's source to the channel timeline: Source is what its timestamps show at the instant At, or would, where
// they wrap, had they not done so. All tracks of a run share it.
type Mapping struct {
	Source Ticks     `json:"source"`
	Scale  uint32    `json:"scale"` // of Source, ticks a second; 0: the mapping is not known
	At     time.Time `json:"at"`    // on the channel timeline, to the nanosecond
}

// Run is a stretch of unbroken media: within it every track is continuous from the run's start to where the track ends. A
// new run is EXT-X-DISCONTINUITY in HLS and a Period in DASH.
type Run struct {
	ID     uint64    `json:"id"`     // rises by one from run to run of a channel, the first has 0; each has at least one row
	First  uint64    `json:"first"`  // number of its first segment
	Start  time.Time `json:"start"`  // presentation time of its first segment on the channel timeline, to the nanosecond
	Tracks []Track   `json:"tracks"` // video first, then audio, then text; at least one
	// Clock is with what another packager that gets the same feed goes on with the run. Records of runs that were made before there was one
	// lack it: nobody goes on with those.
	Clock Mapping `json:"clock,omitzero"`
}

// Track is the track of that name in the run.
func (r *Run) Track(name string) (Track, bool) {
	for _, t := range r.Tracks {
		if t.Name == name {
			return t, true
		}
	}
	return Track{}, false
}

// Lead is the track whose sync samples decide where segments begin: the first video track, else the first of all.
func (r *Run) Lead() Track { return r.Tracks[0] }

// Init is a CMAF header: `ftyp` and `moov` of one track (ISO/IEC 23000-19, 7.3.1).
type Init struct {
	Track   string
	Version uint32
	Data    []byte
}
