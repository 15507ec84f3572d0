package packager

import (
	"encoding/binary"

	"weir/internal/media"
)

// Sample flags (ISO/IEC 14496-12, 8.8.3.1).
const (
	syncFlags    = 0x02000000 // sample_depends_on 2: on no other
	nonSyncFlags = 0x01010000 // sample_depends_on 1: on others; sample_is_non_sync_sample
)

// Flags of tfhd and trun (ISO/IEC 14496-12, 8.8.7.1 and 8.8.8.1).
const (
	tfhdBaseIsMoof = 0x020000
	tfhdDuration   = 0x000008
	tfhdFlags      = 0x000020
	trunDataOffset = 0x000001
	trunFirstFlags = 0x000004
	trunDuration   = 0x000100
	trunSize       = 0x000200
	trunFlags      = 0x000400
	trunOffset     = 0x000800
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

// styp boxes of a segment that starts with a sync sample, and of one that does not (a forced cut): that one is a DASH segment,
// but no CMAF segment (ISO/IEC 23000-19, 7.3.3.1).
var (
	stypSync  = styp("msdh", "msdh", "cmfs")
	stypOther = styp("msdh", "msdh")
)

func styp(major string, compatible ...string) []byte {
	b := make([]byte, 0, 32)
	b = binary.BigEndian.AppendUint32(b, uint32(16+4*len(compatible)))
	b = append(append(append(b, "styp"...), major...), 0, 0, 0, 0)
	for _, c := range compatible {
		b = append(b, c...)
	}
	return b
}

// encode writes the chunk: styp if it is its segment's first, moof, mdat (ISO/IEC 23000-19, 7.3.2.3); first is where its first sample
// ends. The bytes are allocated once, and the payload is copied once. Data must be less than 4 GiB together.
func (f *fragment) encode() (data []byte, first int) {
	s := f.samples
	var prefix []byte
	if f.first {
		prefix = stypOther
		if s[0].sync {
			prefix = stypSync
		}
	}
	if len(f.messages) > 0 {
		prefix = appendMessages(append([]byte(nil), prefix...), f.messages, f.timescale)
	}
	payload := 0
	sameDuration, offsets, mixed := true, false, false
	negative := false
	for i := range s {
		payload += len(s[i].data)
		sameDuration = sameDuration && s[i].duration == s[0].duration
		offsets = offsets || s[i].pts != s[i].dts
		negative = negative || s[i].pts < s[i].dts
		if i > 0 {
			mixed = mixed || s[i].sync != s[1].sync
		}
	}
	// Defaults go to tfhd. A leading sync sample among others is the rule, so first_sample_flags takes it.
	tfhd, trun := uint32(tfhdBaseIsMoof), uint32(trunDataOffset|trunSize)
	tfhdSize, trunFixed, perSample := 16, 20, 4
	if sameDuration {
		tfhd |= tfhdDuration
		tfhdSize += 4
	} else {
		trun |= trunDuration
		perSample += 4
	}
	rest := uint32(nonSyncFlags) // of all samples but the first
	if len(s) > 1 && s[1].sync || len(s) == 1 && s[0].sync {
		rest = syncFlags
	}
	if mixed {
		trun |= trunFlags
		perSample += 4
	} else {
		tfhd |= tfhdFlags
		tfhdSize += 4
		if sampleFlags(&s[0]) != rest {
			trun |= trunFirstFlags
			trunFixed += 4
		}
	}
	version := uint32(0)
	if offsets {
		trun |= trunOffset
		perSample += 4
		if negative {
			version = 1
		}
	}
	trunSizeBytes := trunFixed + perSample*len(s)
	traf := 8 + tfhdSize + 20 + trunSizeBytes
	moof := 8 + 16 + traf

	b := make([]byte, 0, len(prefix)+moof+8+payload)
	be := binary.BigEndian
	b = append(b, prefix...)
	b = box(b, moof, "moof")
	b = box(b, 16, "mfhd")
	b = be.AppendUint32(b, 0)
	b = be.AppendUint32(b, f.sequence)
	b = box(b, traf, "traf")
	b = box(b, tfhdSize, "tfhd")
	b = be.AppendUint32(b, tfhd)
	b = be.AppendUint32(b, trackID)
	if sameDuration {
		b = be.AppendUint32(b, uint32(s[0].duration))
	}
	if !mixed {
		b = be.AppendUint32(b, rest)
	}
	b = box(b, 20, "tfdt")
	b = be.AppendUint32(b, 1<<24)
	b = be.AppendUint64(b, uint64(s[0].dts))
	b = box(b, trunSizeBytes, "trun")
	b = be.AppendUint32(b, version<<24|trun)
	b = be.AppendUint32(b, uint32(len(s)))
	b = be.AppendUint32(b, uint32(moof+8))
	if trun&trunFirstFlags != 0 {
		b = be.AppendUint32(b, sampleFlags(&s[0]))
	}
	for i := range s {
		if !sameDuration {
			b = be.AppendUint32(b, uint32(s[i].duration))
		}
		b = be.AppendUint32(b, uint32(len(s[i].data)))
		if mixed {
			b = be.AppendUint32(b, sampleFlags(&s[i]))
		}
		if offsets {
			b = be.AppendUint32(b, uint32(int32(s[i].pts-s[i].dts)))
		}
	}
	b = box(b, 8+payload, "mdat")
	first = len(b) + len(s[0].data)
	for i := range s {
		b = append(b, s[i].data...)
	}
	return b, first
}

func box(b []byte, size int, name string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(size)), name...)
}

func sampleFlags(s *timed) uint32 {
	if s.sync {
		return syncFlags
	}
	return nonSyncFlags
}

// timed is a sample on the channel timeline, in its track's timescale.
type timed struct {
	dts, pts media.Ticks
	pos      media.Ticks // where it stands among segment borders: PTS of a sync sample, else DTS and the offset that the last sync sample had
	duration media.Ticks // up to the next sample's DTS; 0 until that is known
	sync     bool
	data     []byte
}
