// Package moof writes what stands before the samples of a CMAF chunk: `styp`, `moof` and the header of `mdat` (ISO/IEC 23000-19, 7.3.2.3). It is
// all that a chunk is besides its samples' bytes, so that who has those elsewhere can tell a chunk's size, and write it, without them.
package moof

import (
	"encoding/binary"

	"weir/internal/isobmff"
	"weir/internal/media"
)

// Flags of the samples that are written.
const (
	SyncFlags    = isobmff.SampleIndependent
	NonSyncFlags = isobmff.SampleDependent | isobmff.SampleNonSync
)

// Styp boxes of a segment that starts with a sync sample, and of one that does not (a forced cut): that one is a DASH segment,
// but no CMAF segment (ISO/IEC 23000-19, 7.3.3.1).
const (
	stypSync  = "\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhcmfs"
	stypOther = "\x00\x00\x00\x14stypmsdh\x00\x00\x00\x00msdh"
)

// Sample is what a chunk says of one of its samples.
type Sample struct {
	Size     uint32 // bytes
	Duration uint32 // ticks
	Offset   int32  // from decoding to presentation time, ticks
	Sync     bool
}

// Chunk is a chunk but for its samples' bytes.
type Chunk struct {
	Sequence uint32
	Track    uint32      // ID
	Start    media.Ticks // decoding time of the first sample
	Samples  []Sample    // at least one; less than 4 GiB together
	First    bool        // of its segment: it gets a styp
	Messages []byte      // emsg boxes, before the moof
}

// shape is what decides about the layout of the boxes.
type shape struct {
	tfhd, trun, version uint32 // flags and version
	rest                uint32 // flags of all samples but the first
	styp                string
	sizes
}

// sizes are those of the boxes, in bytes.
type sizes struct{ tfhdSize, trunSize, traf, moof, payload int }

func (c *Chunk) shape() shape {
	s := c.Samples
	h := shape{tfhd: isobmff.TfhdBaseIsMoof, trun: isobmff.TrunDataOffset | isobmff.TrunSize, rest: NonSyncFlags}
	if c.First {
		h.styp = stypOther
		if s[0].Sync {
			h.styp = stypSync
		}
	}
	sameDuration, offsets, mixed := true, false, false
	for i := range s {
		h.payload += int(s[i].Size)
		sameDuration = sameDuration && s[i].Duration == s[0].Duration
		offsets = offsets || s[i].Offset != 0
		if s[i].Offset < 0 {
			h.version = 1
		}
		if i > 0 {
			mixed = mixed || s[i].Sync != s[1].Sync
		}
	}
	// Defaults go to tfhd. A leading sync sample among others is the rule, so first_sample_flags takes it.
	trunFixed, perSample := 20, 4
	h.tfhdSize = 16
	if sameDuration {
		h.tfhd |= isobmff.TfhdDuration
		h.tfhdSize += 4
	} else {
		h.trun |= isobmff.TrunDuration
		perSample += 4
	}
	if len(s) > 1 && s[1].Sync || len(s) == 1 && s[0].Sync {
		h.rest = SyncFlags
	}
	if mixed {
		h.trun |= isobmff.TrunFlags
		perSample += 4
	} else {
		h.tfhd |= isobmff.TfhdFlags
		h.tfhdSize += 4
		if s[0].flags() != h.rest {
			h.trun |= isobmff.TrunFirstFlags
			trunFixed += 4
		}
	}
	if offsets {
		h.trun |= isobmff.TrunOffset
		perSample += 4
	}
	h.trunSize = trunFixed + perSample*len(s)
	h.traf = 8 + h.tfhdSize + 20 + h.trunSize
	h.moof = 8 + 16 + h.traf
	return h
}

// Size is how many bytes the head has, and how many its samples have behind it.
func (c *Chunk) Size() (head, payload int) {
	h := c.shape()
	return len(h.styp) + len(c.Messages) + h.moof + 8, h.payload
}

// Append writes the head behind b. The samples' bytes follow on it, and nothing else.
func (c *Chunk) Append(b []byte) []byte {
	s, h := c.Samples, c.shape()
	be := binary.BigEndian
	b = append(append(b, h.styp...), c.Messages...)
	b = Box(b, h.moof, "moof")
	b = Box(b, 16, "mfhd")
	b = be.AppendUint32(b, 0)
	b = be.AppendUint32(b, c.Sequence)
	b = Box(b, h.traf, "traf")
	b = Box(b, h.tfhdSize, "tfhd")
	b = be.AppendUint32(b, h.tfhd)
	b = be.AppendUint32(b, c.Track)
	if h.tfhd&isobmff.TfhdDuration != 0 {
		b = be.AppendUint32(b, s[0].Duration)
	}
	if h.tfhd&isobmff.TfhdFlags != 0 {
		b = be.AppendUint32(b, h.rest)
	}
	b = Box(b, 20, "tfdt")
	b = be.AppendUint32(b, 1<<24)
	b = be.AppendUint64(b, uint64(c.Start))
	b = Box(b, h.trunSize, "trun")
	b = be.AppendUint32(b, h.version<<24|h.trun)
	b = be.AppendUint32(b, uint32(len(s)))
	b = be.AppendUint32(b, uint32(h.moof+8))
	if h.trun&isobmff.TrunFirstFlags != 0 {
		b = be.AppendUint32(b, s[0].flags())
	}
	for i := range s {
		if h.trun&isobmff.TrunDuration != 0 {
			b = be.AppendUint32(b, s[i].Duration)
		}
		b = be.AppendUint32(b, s[i].Size)
		if h.trun&isobmff.TrunFlags != 0 {
			b = be.AppendUint32(b, s[i].flags())
		}
		if h.trun&isobmff.TrunOffset != 0 {
			b = be.AppendUint32(b, uint32(s[i].Offset))
		}
	}
	return Box(b, 8+h.payload, "mdat")
}

// Box writes the header of a box of that size behind b.
func Box(b []byte, size int, name string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(size)), name...)
}

func (s *Sample) flags() uint32 {
	if s.Sync {
		return SyncFlags
	}
	return NonSyncFlags
}
