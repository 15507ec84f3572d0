package vod

// Sample is one access unit of a track: where it lies, and when it is.
type Sample struct {
	Offset   int64  // in the file
	Size     uint32 // bytes, more than 0
	DTS      int64  // decoding time, in ticks of the track; may be below 0
	CTS      int32  // from there to the presentation time; may be below 0
	Duration uint32 // up to the next sample's decoding time; of the last sample: what the file says
	Sync     bool   // decoding can start here
}

// PTS is when the sample is presented, in ticks of the track, before Track.Shift.
func (s *Sample) PTS() int64 { return s.DTS + int64(s.CTS) }

// End is where the sample lies no more.
func (s *Sample) End() int64 { return s.Offset + int64(s.Size) }
