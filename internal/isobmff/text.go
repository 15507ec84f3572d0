package isobmff

import (
	"encoding/binary"
	"fmt"

	"weir/internal/media"
)

// TextFormat is Format for a track of text (ISO/IEC 14496-30). The errors wrap ErrNoMedia for what is neither WebVTT nor TTML,
// ErrMalformed, ErrUnsupported.
func TextFormat(handler string, stbl []byte) (media.Format, error) {
	var f media.Format
	switch handler {
	case "text", "subt", "sbtl":
	default:
		return f, ErrNoMedia
	}
	name, body, err := sampleEntry(stbl)
	if err != nil {
		return f, err
	}
	const fixed = 8 // SampleEntry
	if len(body) < fixed {
		return f, fmt.Errorf("%w: sample entry %q of %d bytes", ErrMalformed, name, len(body)+8)
	}
	switch name {
	case "wvtt":
		f.Codec, f.Config = media.WVTT, Child(body[fixed:], "vttC")
		if f.Config == nil {
			return f, fmt.Errorf("%w: sample entry %q without vttC", ErrMalformed, name)
		}
	case "stpp":
		f.Codec, f.Config = media.STPP, body[fixed:]
	case "enct":
		return f, fmt.Errorf("%w: sample entry %q: it is encrypted", ErrUnsupported, name)
	default:
		return f, ErrNoMedia
	}
	return f, nil
}

// sampleEntry is the first sample entry of a sample table.
func sampleEntry(stbl []byte) (name string, body []byte, err error) {
	stsd := Child(stbl, "stsd")
	if len(stsd) < 16 {
		return "", nil, fmt.Errorf("%w: no sample description", ErrMalformed)
	}
	entry := stsd[8:]
	size := binary.BigEndian.Uint32(entry)
	if size < 8 || uint64(size) > uint64(len(entry)) {
		return "", nil, fmt.Errorf("%w: sample entry of %d bytes", ErrMalformed, size)
	}
	return string(entry[4:8]), entry[8:size], nil
}
