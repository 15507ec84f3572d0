package isobmff

import (
	"encoding/binary"
	"fmt"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/media"
)

// Format reads a track's format off its sample description (ISO/IEC 14496-12, 8.5.2): codec, configuration, and what MP3 needs beside;
// neither clock nor language. handler is the type of the track's handler, stbl the body of its sample table. The configuration is taken
// as it stands: taking it apart and putting it together again may change it. The errors wrap ErrNoMedia, ErrMalformed, ErrUnsupported.
func Format(handler string, stbl []byte) (media.Format, error) {
	var f media.Format
	if handler != "vide" && handler != "soun" {
		return f, ErrNoMedia
	}
	name, body, err := sampleEntry(stbl)
	if err != nil {
		return f, err
	}
	fixed := 78 // VisualSampleEntry
	if handler == "soun" {
		fixed = 28 // AudioSampleEntry
		if len(body) >= 10 {
			switch binary.BigEndian.Uint16(body[8:]) { // of QuickTime
			case 1:
				fixed += 16
			case 2:
				fixed += 36
			}
		}
	}
	if len(body) < fixed {
		return f, fmt.Errorf("%w: sample entry %q of %d bytes", ErrMalformed, name, len(body)+8)
	}
	boxes := body[fixed:]
	var box string
	switch name {
	case "avc1", "avc3":
		f.Codec, box = media.AVC, "avcC"
	case "hvc1", "hev1":
		f.Codec, box = media.HEVC, "hvcC"
	case "av01":
		f.Codec, box = media.AV1, "av1C"
	case "mp4a":
		return mp4a(body, boxes)
	case "Opus":
		f.Codec, box = media.Opus, "dOps"
	case "ac-3":
		f.Codec, box = media.AC3, "dac3"
	case "ec-3":
		f.Codec, box = media.EAC3, "dec3"
	case "fLaC":
		f.Codec, box = media.FLAC, "dfLa"
	case "encv", "enca":
		return f, fmt.Errorf("%w: sample entry %q: it is encrypted", ErrUnsupported, name)
	default:
		return f, fmt.Errorf("%w: codec %q", ErrUnsupported, name)
	}
	f.Config = Child(boxes, box)
	if f.Codec == media.FLAC && len(f.Config) >= 4 {
		f.Config = f.Config[4:] // version and flags
	}
	if len(f.Config) == 0 {
		return f, fmt.Errorf("%w: sample entry %q without %s", ErrMalformed, name, box)
	}
	return f, nil
}

// mp4a is what an esds says (ISO/IEC 14496-14, 6.7.2).
func mp4a(body, boxes []byte) (f media.Format, err error) {
	raw := Child(boxes, "esds")
	if raw == nil {
		raw = Child(boxes, "wave", "esds") // QuickTime
	}
	if len(raw) < 4 {
		return f, fmt.Errorf("%w: sample entry \"mp4a\" without esds", ErrMalformed)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: esds: %v", ErrMalformed, p)
		}
	}()
	es, err := mp4.DecodeESDescriptor(bits.NewFixedSliceReader(raw[4:]), uint32(len(raw)-4))
	if err != nil {
		return f, fmt.Errorf("%w: esds: %w", ErrMalformed, err)
	}
	if es.DecConfigDescriptor == nil {
		return f, fmt.Errorf("%w: esds without a decoder configuration", ErrMalformed)
	}
	switch c := es.DecConfigDescriptor; c.ObjectType {
	case 0x40, 0x66, 0x67, 0x68: // MPEG-4 audio, MPEG-2 AAC
		if c.DecSpecificInfo == nil || len(c.DecSpecificInfo.DecConfig) == 0 {
			return f, fmt.Errorf("%w: esds without an AudioSpecificConfig", ErrMalformed)
		}
		f.Codec, f.Config = media.AAC, c.DecSpecificInfo.DecConfig
	case 0x69, 0x6b:
		f.Codec = media.MP3
		f.Channels = int(binary.BigEndian.Uint16(body[16:]))
		f.SampleRate = int(binary.BigEndian.Uint16(body[24:]))
	default:
		return f, fmt.Errorf("%w: audio of object type %#x", ErrUnsupported, c.ObjectType)
	}
	return f, nil
}
