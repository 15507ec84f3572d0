package media

import "time"

// Chunk is a CMAF chunk: one `moof` and one `mdat` (ISO/IEC 23000-19, 6.6.5), in HLS a part.
type Chunk struct {
	Track       string
	Segment     uint64 // number of the segment that it belongs to
	Index       int    // place in the segment, from 0
	Run         uint64
	Init        uint32 // version of the init segment that it needs
	Start       Ticks  // decoding time of its first sample on the channel timeline, as in `tfdt`
	Duration    Ticks  // sum of its samples' durations
	Timescale   uint32
	Independent bool      // starts with a sync sample
	Key         int       // bytes from its beginning to the end of its first sample, where it is independent; else 0
	Wall        time.Time // when the first sample of its segment arrived, filtered for jitter; the same in all chunks of a segment
	Anchor      Anchor    // that holds for its segment
	Data        []byte
}

// SegmentEnd closes a segment of one track: all of its chunks were sent before it.
type SegmentEnd struct {
	Track    string
	Segment  uint64
	Run      uint64
	Init     uint32
	Start    Ticks // earliest presentation time on the channel timeline
	Duration Ticks // up to the earliest presentation time of the next segment: a run's segments join without a gap
	// Timescale is that of the track.
	Timescale uint32
	Chunks    int    // how many chunks it has; 0: the track has no media here, the segment is a gap
	Bytes     int64  // size of all chunks together
	Checksum  uint32 // CRC-32C (Castagnoli) of all chunks in order
	Wall      time.Time
	Anchor    Anchor
	Rate      Rate     // of the track up to and with this segment
	Captions  Captions // that were found in its pictures up to and with this segment
	Keys      Keys
}

// Keys is what a segment of video has of sync samples, so that who lists it need not have its chunks.
type Keys struct {
	First bool  // it starts with one
	Size  int   // bytes from its beginning to the end of that sample, where First; 0: not known
	Bytes int64 // of all that its chunks begin with, as Size counts them, and of others where that is known
}

// Anchor ties a stretch of a run to the wall clock. The channel timeline runs with the encoder's clock, which drifts against ours; where the
// two have moved apart by more than players should be told, a row begins another stretch of the same run: a new Period in DASH. It
// changes nothing in the media.
type Anchor struct {
	Segment uint64    // number of the first row that it holds for
	Start   time.Time // of that row on the channel timeline, to the nanosecond
	// Shift is what to add to the channel timeline here to be near the wall clock. In a run's first stretch it is 0 unless the timeline
	// had left the wall clock before: where the feed's clock goes on from the run before, or has run ahead of us.
	Shift time.Duration
}

// Gap tells that the track has no media for the segment.
func (e SegmentEnd) Gap() bool { return e.Chunks == 0 }
