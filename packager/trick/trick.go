// Package trick makes what players need to show a channel at many times its speed: segments that hold key frames only.
//
// A closed CMAF segment comes in as bytes, another one goes out: the first sample of each chunk that begins with a sync sample, each shown until the
// next one. It is served to those who ask for it (DASH-IF IOP, 3.2.9: trick mode), and needs the same init segment.
package trick

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"weir/internal/isobmff"
)

var (
	// ErrNoKey says that no chunk of the segment begins with a sync sample.
	ErrNoKey = errors.New("no chunk begins with a sync sample")
	// ErrMalformed says that the bytes are not a CMAF segment.
	ErrMalformed = errors.New("malformed segment")
)

// maxKeys is how many key frames a segment may have.
const maxKeys = 4096

// key is a sync sample that begins a chunk.
type key struct {
	at   uint64 // presentation time, in the track's timescale
	data []byte // within the segment
}

// KeyFrames gives a segment of the key frames of a closed CMAF segment: `styp`, one `moof`, one `mdat` (ISO/IEC 23000-19, 7.3.3). Decoding
// times are presentation times there, for nothing is reordered; a frame lasts until the next one, the last until the segment's end. The
// result shares no memory with segment.
//
// Errors: ErrMalformed where the bytes are no segment of one track with `tfdt` in each chunk; ErrNoKey.
func KeyFrames(segment []byte) ([]byte, error) {
	chunks, err := split(segment)
	if err != nil {
		return nil, fmt.Errorf("key frames of a segment of %d bytes: %w", len(segment), err)
	}
	var keys []key
	end := uint64(0)
	for i := range chunks {
		c := &chunks[i]
		if c.first.sync {
			if len(keys) == maxKeys {
				return nil, fmt.Errorf("key frames of a segment of %d bytes: %w: more than %d of them", len(segment), ErrMalformed, maxKeys)
			}
			keys = append(keys, key{at: c.first.at, data: c.first.data})
		}
		end = c.end
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("key frames of a segment of %d bytes: %w", len(segment), ErrNoKey)
	}
	// The segment ends, as it is presented, as much after its last decoding time as its first frame is presented after its own.
	end += keys[0].at - chunks[0].start
	durations := make([]uint32, len(keys))
	for i := range keys {
		next := end
		if i+1 < len(keys) {
			next = keys[i+1].at
		}
		if next <= keys[i].at || next-keys[i].at > math.MaxUint32 {
			return nil, fmt.Errorf("key frames of a segment of %d bytes: %w: frame %d at %d, the next at %d",
				len(segment), ErrMalformed, i, keys[i].at, next)
		}
		durations[i] = uint32(next - keys[i].at)
	}
	return write(chunks[0].track, chunks[0].sequence, keys, durations)
}

// styp is that of a segment that begins with a sync sample (ISO/IEC 23000-19, 7.3.3.1).
const styp = "\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhcmfs"

// Sizes of the boxes that are written, in bytes.
const (
	mfhdSize = 16
	tfhdSize = 20
	tfdtSize = 20
	trunHead = 20
	keySize  = 8 // of an entry of trun
)

func write(track, sequence uint32, keys []key, durations []uint32) ([]byte, error) {
	frames := make([]Frame, len(keys))
	payload := 0
	for i := range keys {
		payload += len(keys[i].data)
		frames[i] = Frame{Size: uint32(len(keys[i].data)), Duration: durations[i]}
	}
	if payload > math.MaxUint32-8 {
		return nil, fmt.Errorf("key frames of %d bytes: %w: more than a box takes", payload, ErrMalformed)
	}
	b := AppendHead(make([]byte, 0, HeadSize(len(keys))+payload), track, sequence, keys[0].at, frames)
	for i := range keys {
		b = append(b, keys[i].data...)
	}
	return b, nil
}

// Frame is what the head of a segment of key frames says of one of them.
type Frame struct {
	Size     uint32 // bytes
	Duration uint32 // until the next one, in the track's timescale
}

// HeadSize is how many bytes AppendHead writes for that many frames.
func HeadSize(frames int) int {
	return len(styp) + 8 + mfhdSize + 8 + tfhdSize + tfdtSize + trunHead + keySize*frames + 8
}

// AppendHead writes, behind b, what stands before the bytes of the frames in a segment of key frames: for who has those elsewhere. The first
// frame is presented at that time; there is at least one, and all of them have less than 4 GiB.
func AppendHead(b []byte, track, sequence uint32, at uint64, frames []Frame) []byte {
	payload := 0
	for i := range frames {
		payload += int(frames[i].Size)
	}
	trun := trunHead + keySize*len(frames)
	traf := 8 + tfhdSize + tfdtSize + trun
	moof := 8 + mfhdSize + traf
	be := binary.BigEndian
	b = append(b, styp...)
	b = box(b, moof, "moof")
	b = box(b, mfhdSize, "mfhd")
	b = be.AppendUint32(b, 0)
	b = be.AppendUint32(b, sequence)
	b = box(b, traf, "traf")
	b = box(b, tfhdSize, "tfhd")
	b = be.AppendUint32(b, isobmff.TfhdBaseIsMoof|isobmff.TfhdFlags)
	b = be.AppendUint32(b, track)
	b = be.AppendUint32(b, isobmff.SampleIndependent)
	b = box(b, tfdtSize, "tfdt")
	b = be.AppendUint32(b, 1<<24)
	b = be.AppendUint64(b, at)
	b = box(b, trun, "trun")
	b = be.AppendUint32(b, isobmff.TrunDataOffset|isobmff.TrunDuration|isobmff.TrunSize)
	b = be.AppendUint32(b, uint32(len(frames)))
	b = be.AppendUint32(b, uint32(moof+8))
	for i := range frames {
		b = be.AppendUint32(b, frames[i].Duration)
		b = be.AppendUint32(b, frames[i].Size)
	}
	return box(b, 8+payload, "mdat")
}

func box(b []byte, size int, name string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(size)), name...)
}
