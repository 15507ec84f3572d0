package file

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/media"
)

// errNoMedia is a track that is neither video nor audio: text, hints, time codes. It is left out.
var errNoMedia = errors.New("neither video nor audio")

// format reads a track's format off its sample description (ISO/IEC 14496-12, 8.5.2). stbl is the body of the box. The configuration
// is taken as it stands: taking it apart and putting it together again may change it.
func format(handler string, stbl []byte) (media.Format, error) {
	var f media.Format
	if handler != "vide" && handler != "soun" {
		return f, errNoMedia
	}
	stsd := child(stbl, "stsd")
	if len(stsd) < 16 {
		return f, fmt.Errorf("%w: no sample description", ErrFile)
	}
	entry := stsd[8:]
	size := binary.BigEndian.Uint32(entry)
	if size < 8 || uint64(size) > uint64(len(entry)) {
		return f, fmt.Errorf("%w: sample entry of %d bytes", ErrFile, size)
	}
	name, body := string(entry[4:8]), entry[8:size]
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
		return f, fmt.Errorf("%w: sample entry %q of %d bytes", ErrFile, name, size)
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
		return f, fmt.Errorf("%w: it is encrypted", ErrFile)
	default:
		return f, fmt.Errorf("%w: codec %q is not supported", ErrFile, name)
	}
	f.Config = child(boxes, box)
	if f.Codec == media.FLAC && len(f.Config) >= 4 {
		f.Config = f.Config[4:] // version and flags
	}
	if len(f.Config) == 0 {
		return f, fmt.Errorf("%w: sample entry %q without %s", ErrFile, name, box)
	}
	return f, nil
}

// mp4a is what an esds says (ISO/IEC 14496-14, 6.7.2).
func mp4a(body, boxes []byte) (f media.Format, err error) {
	raw := child(boxes, "esds")
	if raw == nil {
		raw = child(child(boxes, "wave"), "esds") // QuickTime
	}
	if len(raw) < 4 {
		return f, fmt.Errorf("%w: sample entry \"mp4a\" without esds", ErrFile)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: esds: %v", ErrFile, p)
		}
	}()
	es, err := mp4.DecodeESDescriptor(bits.NewFixedSliceReader(raw[4:]), uint32(len(raw)-4))
	if err != nil {
		return f, fmt.Errorf("%w: esds: %w", ErrFile, err)
	}
	if es.DecConfigDescriptor == nil {
		return f, fmt.Errorf("%w: esds without a decoder configuration", ErrFile)
	}
	switch c := es.DecConfigDescriptor; c.ObjectType {
	case 0x40, 0x66, 0x67, 0x68: // MPEG-4 audio, MPEG-2 AAC
		if c.DecSpecificInfo == nil || len(c.DecSpecificInfo.DecConfig) == 0 {
			return f, fmt.Errorf("%w: esds without an AudioSpecificConfig", ErrFile)
		}
		f.Codec, f.Config = media.AAC, c.DecSpecificInfo.DecConfig
	case 0x69, 0x6b:
		f.Codec = media.MP3
		f.Channels = int(binary.BigEndian.Uint16(body[16:]))
		f.SampleRate = int(binary.BigEndian.Uint16(body[24:]))
	default:
		return f, fmt.Errorf("%w: audio of object type %#x is not supported", ErrFile, c.ObjectType)
	}
	return f, nil
}
