package rtmp

import (
	"github.com/bluenviron/gortmplib/pkg/amf0"

	"weir/internal/media"
)

// onlyKind reads off a data message (onMetaData) whether the feed has but one kind of track. Encoders write the codec of what they
// send and leave out the other; "" where the message says nothing, or both.
func onlyKind(body []byte, amf3 bool) media.Kind {
	if amf3 && len(body) > 0 {
		body = body[1:] // AMF0 follows
	}
	values, err := amf0.Unmarshal(body)
	if err != nil { // dates and the like, which amf0 does not know; the message is but a hint
		return ""
	}
	named := false
	for _, v := range values {
		if s, ok := v.(string); ok {
			named = named || s == "onMetaData"
			continue
		}
		o, ok := object(v)
		if !ok || !named {
			continue
		}
		video, audio := has(o, "videocodecid"), has(o, "audiocodecid")
		switch {
		case video && !audio:
			return media.Video
		case audio && !video:
			return media.Audio
		}
	}
	return ""
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
