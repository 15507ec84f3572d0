package bus

import (
	"fmt"

	"weir/internal/media"
)

// message is one message of a channel's stream, decoded.
type message struct {
	address
	header
	Data []byte // of the whole chunk or of the part
}

// decodeMessage reads a message of channel. The error is ErrMalformed.
func decodeMessage(channel, subject, value string, data []byte) (message, error) {
	a, err := parseSubject(channel, subject)
	if err != nil {
		return message{}, err
	}
	h, err := decodeHeader(value, a.End)
	if err != nil {
		return message{}, err
	}
	switch {
	case a.End && len(data) != 0:
		return message{}, fmt.Errorf("%w: an end with %d bytes", ErrMalformed, len(data))
	case !a.End && (len(data) == 0 || len(data) > maxChunk):
		return message{}, fmt.Errorf("%w: a chunk of %d bytes", ErrMalformed, len(data))
	case !a.End && (a.Part >= 0) != (h.Parts > 0):
		return message{}, fmt.Errorf("%w: part %d of %d", ErrMalformed, a.Part, h.Parts)
	case a.Part >= 0 && a.Part >= h.Parts:
		return message{}, fmt.Errorf("%w: part %d of %d", ErrMalformed, a.Part, h.Parts)
	case !a.End && a.Part < 0 && h.Key > len(data):
		return message{}, fmt.Errorf("%w: key frame of %d bytes in a chunk of %d", ErrMalformed, h.Key, len(data))
	}
	return message{address: a, header: h, Data: data}, nil
}

// chunk is the chunk that m carries, with data in place of m's own where it was put together from parts.
func (m *message) chunk(data []byte) media.Chunk {
	return media.Chunk{
		Track: m.Track, Segment: m.Segment, Index: m.address.Chunk, Run: m.Run, Init: m.Init, Start: m.Start,
		Duration: m.Duration, Timescale: m.Timescale, Independent: m.Independent, Key: m.Key, Wall: m.Wall,
		Anchor: m.Anchor, Data: data,
	}
}

// end is the end of a segment that m carries.
func (m *message) end() media.SegmentEnd {
	return media.SegmentEnd{
		Track: m.Track, Segment: m.Segment, Run: m.Run, Init: m.Init, Start: m.Start, Duration: m.Duration,
		Timescale: m.Timescale, Chunks: m.Chunks, Bytes: m.Bytes, Checksum: m.Checksum, Wall: m.Wall, Anchor: m.Anchor, Rate: m.Rate,
		Captions: m.Captions, Keys: media.Keys{First: m.Independent, Size: m.Key, Bytes: m.Keys},
	}
}

// chunkHeader is c's header, but for the parts.
func chunkHeader(epoch uint64, c media.Chunk) header {
	return header{
		Epoch: epoch, Run: c.Run, Start: c.Start, Duration: c.Duration, Timescale: c.Timescale,
		Independent: c.Independent, Init: c.Init, Wall: c.Wall, Anchor: c.Anchor, Key: c.Key,
	}
}

// endHeader is e's header.
func endHeader(epoch uint64, e media.SegmentEnd) header {
	return header{
		Epoch: epoch, Run: e.Run, Start: e.Start, Duration: e.Duration, Timescale: e.Timescale, Init: e.Init,
		Wall: e.Wall, Anchor: e.Anchor, Chunks: e.Chunks, Bytes: e.Bytes, Checksum: e.Checksum, Rate: e.Rate,
		Captions: e.Captions, Independent: e.Keys.First, Key: e.Keys.Size, Keys: e.Keys.Bytes,
	}
}

// checkAddress keeps what a packager hands over to what a subject can say.
func checkAddress(track string, segment uint64, index int) error {
	if !validTrack(track) || segment > maxNumber || index < 0 || index > maxIndex {
		return fmt.Errorf("track %q, segment %d, chunk %d: out of range", track, segment, index)
	}
	return nil
}

// parts is how many messages of at most limit bytes size bytes need.
func parts(size, limit int) int { return (size + limit - 1) / limit }
