package packager

import (
	"weir/internal/media"
	"weir/packager/moof"
)

// fragment is one chunk before it is written.
type fragment struct {
	sequence uint32
	samples  []timed
	first    bool // of its segment: gets a styp
	// messages go before the moof, timescale is that of their times.
	messages  []message
	timescale uint32
}

// encode writes the chunk: styp if it is its segment's first, moof, mdat (ISO/IEC 23000-19, 7.3.2.3); first is where its first sample
// ends. The bytes are allocated once, and the payload is copied once. Data must be less than 4 GiB together.
func (f *fragment) encode() (data []byte, first int) {
	s := f.samples
	var few [64]moof.Sample
	c := moof.Chunk{Sequence: f.sequence, Track: TrackID, Start: s[0].dts, Samples: few[:0], First: f.first}
	for i := range s {
		c.Samples = append(c.Samples, moof.Sample{
			Size: uint32(len(s[i].data)), Duration: uint32(s[i].duration), Offset: int32(s[i].pts - s[i].dts), Sync: s[i].sync,
		})
	}
	if len(f.messages) > 0 {
		c.Messages = appendMessages(nil, f.messages, f.timescale)
	}
	head, payload := c.Size()
	b := c.Append(make([]byte, 0, head+payload))
	first = len(b) + len(s[0].data)
	for i := range s {
		b = append(b, s[i].data...)
	}
	return b, first
}

// sequence is the sequence number of a chunk (ISO/IEC 14496-12, 8.8.5). It follows from the chunk's place, so that whoever makes the chunk
// makes the same, and rises as long as segments have no more than 1024 chunks, until it begins again.
func sequence(segment uint64, chunk int) uint32 { return uint32(segment<<10) + uint32(chunk) + 1 }

// timed is a sample on the channel timeline, in its track's timescale.
type timed struct {
	dts, pts media.Ticks
	pos      media.Ticks // where it stands among segment borders: PTS of a sync sample, else DTS and the offset that the last sync sample had
	duration media.Ticks // up to the next sample's DTS; 0 until that is known
	sync     bool
	data     []byte
	real     media.Ticks // where the source's clock puts its decoding
	nominal  media.Ticks // how long the track's samples usually were when it came
}
