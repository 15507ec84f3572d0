package packager

import (
	"bytes"
	"fmt"
	"strings"

	"weir/internal/media"
	"weir/packager/moof"
)

// webvtt is the header of WebVTT that has nothing to say.
const webvtt = "WEBVTT"

// describeWVTT reads a WebVTT header (ISO/IEC 14496-30, 5.5).
func describeWVTT(d *description, f media.Format) error {
	head := f.Config
	if len(head) == 0 {
		head = []byte(webvtt)
	}
	if !bytes.HasPrefix(head, []byte(webvtt)) {
		return fmt.Errorf("not a WebVTT header: %w", ErrConfig)
	}
	d.entry, d.brand, d.payload, d.Codecs = "wvtt", "cwvt", moof.Box(nil, 8+len(head), "vttC"), "wvtt"
	d.payload = append(d.payload, head...)
	return nil
}

// schemaTTML is what the namespaces of a TTML document have (ISO/IEC 14496-30, 4.3).
const schemaTTML = "http://www.w3.org/ns/ttml"

// describeSTPP reads the strings of an XMLSubtitleSampleEntry (ISO/IEC 14496-12, 12.6.3.2). The profile is IMSC1 text, unless a MIME
// box says another one. Documents with images would need sub-samples, which no Sample has.
func describeSTPP(d *description, f media.Format) error {
	var field [3]string // namespace, schema_location, auxiliary_mime_types
	rest := f.Config
	for i := range field {
		at := bytes.IndexByte(rest, 0)
		if at < 0 {
			return fmt.Errorf("string %d of the sample entry has no end: %w", i+1, ErrConfig)
		}
		field[i], rest = string(rest[:at]), rest[at+1:]
	}
	if !strings.Contains(field[0], schemaTTML) {
		return fmt.Errorf("subtitles of namespace %.100q: %w", field[0], ErrUnsupported)
	}
	if strings.Contains(field[2], "image/") {
		return fmt.Errorf("subtitles as images: %w", ErrUnsupported)
	}
	profile := "im1t"
	if _, after, ok := bytes.Cut(rest, []byte("codecs=")); ok {
		if said, _, _ := bytes.Cut(bytes.TrimLeft(after, `"`), []byte{0}); len(said) >= 4 && isProfile(said[:4]) {
			profile = string(said[:4])
		}
	}
	if profile == "im1i" || profile == "im2i" {
		return fmt.Errorf("subtitles as images: %w", ErrUnsupported)
	}
	d.entry, d.brand, d.payload, d.Codecs = "stpp", profile, f.Config, "stpp.ttml."+profile
	return nil
}

// isProfile tells whether b is one of the identifiers of TTML profiles: letters and digits.
func isProfile(b []byte) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// textHandler is the media type that the library makes the boxes of a text track for.
func textHandler(c media.Codec) string {
	if c == media.STPP {
		return "subt"
	}
	return "text"
}

// textEntry is the sample entry: reserved, data_reference_index, and what the codec has (ISO/IEC 14496-12, 8.5.2.2).
func textEntry(d *description) []byte {
	return append([]byte{0, 0, 0, 0, 0, 0, 0, 1}, d.payload...)
}

// Samples that say nothing.
var (
	emptyWVTT = moof.Box(nil, 8, "vtte")
	emptySTPP = []byte(`<tt xmlns="http://www.w3.org/ns/ttml" xml:lang=""><head/><body/></tt>`)
)

// emptyText is a sample that says nothing.
func emptyText(c media.Codec) []byte {
	if c == media.STPP {
		return emptySTPP
	}
	return emptyWVTT
}

// script is what a text track has to say, on its timeline.
type script interface {
	// cut is what is said between two points: samples that join, and fill the time. It is asked for each stretch once, in order.
	cut(from, to media.Ticks) []timed
	// awaits tells whether what is said up to there may still come.
	awaits(to media.Ticks) bool
}
