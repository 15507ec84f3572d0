package rtmp

import (
	"strconv"

	"github.com/bluenviron/gortmplib/pkg/amf0"

	"weir/internal/media"
)

// metadata is what onMetaData says that the media do not. Encoders write there what was configured, which need not be what they send:
// it is only a hint.
type metadata struct {
	only      media.Kind // the only kind of track; "": both, or it is not said
	languages map[trackID]string
}

type trackID struct {
	kind media.Kind
	id   uint8
}

// language is that of a track, "" where it is not known.
func (m metadata) language(kind media.Kind, id uint8) string { return m.languages[trackID{kind, id}] }

// parseMetadata reads a data message; ok is false where it is not onMetaData, or not readable.
func parseMetadata(body []byte, amf3 bool) (m metadata, ok bool) {
	if amf3 && len(body) > 0 {
		body = body[1:] // AMF0 follows
	}
	values, err := amf0.Unmarshal(body)
	if err != nil { // dates and the like, which amf0 does not know
		return m, false
	}
	named := false
	for _, v := range values {
		if s, isName := v.(string); isName {
			named = named || s == "onMetaData"
			continue
		}
		o, isObject := object(v)
		if !isObject || !named {
			continue
		}
		// Encoders write the codec of what they send and leave out the other.
		video, audio := has(o, "videocodecid"), has(o, "audiocodecid")
		switch {
		case video && !audio:
			m.only = media.Video
		case audio && !video:
			m.only = media.Audio
		}
		m.addLanguages(media.Video, o, "videoTrackIdInfoMap")
		m.addLanguages(media.Audio, o, "audioTrackIdInfoMap")
		return m, true
	}
	return m, false
}

// addLanguages reads what is said of tracks by their numbers (Enhanced RTMP v2, "Enhancing onMetaData"). The sound's first track may be
// described by the message itself.
func (m *metadata) addLanguages(kind media.Kind, o amf0.Object, key string) {
	if kind == media.Audio {
		m.addLanguage(trackID{kind, 0}, o)
	}
	v, _ := o.Get(key)
	tracks, _ := object(v)
	for _, entry := range tracks {
		id, err := strconv.ParseUint(entry.Key, 10, 8)
		if err != nil {
			continue
		}
		if about, ok := object(entry.Value); ok {
			m.addLanguage(trackID{kind, uint8(id)}, about)
		}
	}
}

func (m *metadata) addLanguage(id trackID, about amf0.Object) {
	language, _ := about.GetString("language")
	if !isLanguage(language) {
		return
	}
	if m.languages == nil {
		m.languages = make(map[trackID]string)
	}
	m.languages[id] = language
}

// isLanguage tells whether s has the form of a language tag (RFC 5646, 2.1), so that a feed is not refused for a hint.
func isLanguage(s string) bool {
	const most, longestPart = 35, 8
	if len(s) < 2 || len(s) > most {
		return false
	}
	part, primary := 0, true
	for _, c := range []byte(s) {
		switch {
		case c == '-':
			if part == 0 {
				return false
			}
			part, primary = 0, false
			continue
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case c >= '0' && c <= '9' && !primary:
		default:
			return false
		}
		if part++; part > longestPart {
			return false
		}
	}
	return part > 0
}

// has tells whether the key has a value that stands for a codec.
func has(o amf0.Object, key string) bool {
	v, ok := o.Get(key)
	if !ok || v == nil {
		return false
	}
	if n, number := v.(float64); number {
		return n > 0 || key == "audiocodecid" // 0 is PCM
	}
	return true
}

// object is v as an AMF object; encoders send arrays for the same.
func object(v any) (amf0.Object, bool) {
	switch o := v.(type) {
	case amf0.Object:
		return o, true
	case amf0.ECMAArray:
		return amf0.Object(o), true
	}
	return nil, false
}
