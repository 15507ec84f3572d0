package rtmp

import (
	"errors"
	"fmt"

	"weir/internal/media"
)

var (
	errMalformed     = errors.New("malformed media message")
	errConfiguration = errors.New("malformed decoder configuration")
	errUnsupported   = errors.New("codec is not supported")
)

// purpose is what a packet is for.
type purpose byte

const (
	config   purpose = iota // decoder configuration
	frame                   // one access unit
	end                     // no more of the track for now
	layout                  // which channels the sound has (MultichannelConfig)
	unusable                // of a further track that cannot be packaged
)

// packet is what a media message says about one track.
type packet struct {
	Kind    media.Kind
	Track   uint8 // of Enhanced RTMP's multitrack; 0 otherwise
	Codec   media.Codec
	Purpose purpose
	Offset  int32 // milliseconds from DTS to PTS, may be negative
	Nanos   int32 // nanoseconds to add to the message's time, below a millisecond; −1: it says none
	Key     bool
	Data    []byte // shares the message's body
	Why     string // it is unusable
}

// Packet types of Enhanced RTMP that video and audio have in common, and of AVC and AAC before it.
const (
	packetConfig     = 0
	packetFrames     = 1
	packetEnd        = 2
	packetFramesX    = 3 // video only: no composition time
	packetMultitrack = 5 // audio; 6 for video
	packetModEx      = 7
)

// enhanced is what stands in front of an Enhanced RTMP message's tracks.
type enhanced struct {
	packetType byte
	multitrack byte // the medium's packet type for several tracks
	nanos      int32
	rest       []byte
}

// modifiers takes what modifies a packet off the front of rest (Enhanced RTMP v2, "ModEx"). Of those that are defined, one says what is below a
// millisecond of its time; others can be ignored.
func (e *enhanced) modifiers() error {
	const timestampOffsetNano = 0
	e.nanos = -1
	for p := e.rest; e.packetType == packetModEx; e.rest = p {
		if len(p) < 1 {
			return fmt.Errorf("%w: modifier cut off", errMalformed)
		}
		n := int(p[0]) + 1
		p = p[1:]
		if n == 256 {
			if len(p) < 2 {
				return fmt.Errorf("%w: modifier cut off", errMalformed)
			}
			n = int(p[0])<<8 + int(p[1]) + 1
			p = p[2:]
		}
		if len(p) < n+1 {
			return fmt.Errorf("%w: modifier of %d bytes cut off", errMalformed, n)
		}
		if p[n]>>4 == timestampOffsetNano && n >= 3 {
			if ns := int32(p[0])<<16 | int32(p[1])<<8 | int32(p[2]); ns < nanosPerTick {
				e.nanos = ns
			}
		}
		e.packetType = p[n] & 0x0f
		p = p[n+1:]
	}
	return nil
}

// tracks calls emit with the tracks of an Enhanced RTMP message, each with its packet type, code and payload.
func (e enhanced) tracks(emit func(packetType, track byte, fourCC string, payload []byte) error) error {
	p := e.rest
	if e.packetType != e.multitrack {
		if len(p) < 4 {
			return fmt.Errorf("%w: codec cut off", errMalformed)
		}
		return emit(e.packetType, 0, string(p[:4]), p[4:])
	}
	const oneTrack, manyTracks, manyCodecs = 0, 1, 2
	if len(p) < 1 {
		return fmt.Errorf("%w: multitrack header cut off", errMalformed)
	}
	shape, packetType := p[0]>>4, p[0]&0x0f
	p = p[1:]
	if shape > manyCodecs || packetType == e.multitrack {
		return fmt.Errorf("%w: multitrack of type %d", errMalformed, shape)
	}
	var code string
	if shape != manyCodecs {
		if len(p) < 4 {
			return fmt.Errorf("%w: codec cut off", errMalformed)
		}
		code, p = string(p[:4]), p[4:]
	}
	for len(p) > 0 {
		if shape == manyCodecs {
			if len(p) < 4 {
				return fmt.Errorf("%w: codec cut off", errMalformed)
			}
			code, p = string(p[:4]), p[4:]
		}
		if len(p) < 1 {
			return fmt.Errorf("%w: track number cut off", errMalformed)
		}
		track := p[0]
		p = p[1:]
		payload := p
		if shape == oneTrack {
			p = nil
		} else {
			if len(p) < 3 {
				return fmt.Errorf("%w: track size cut off", errMalformed)
			}
			n := int(p[0])<<16 | int(p[1])<<8 | int(p[2])
			if len(p) < 3+n {
				return fmt.Errorf("%w: track of %d bytes cut off", errMalformed, n)
			}
			payload, p = p[3:3+n:3+n], p[3+n:]
		}
		if err := emit(packetType, track, code, payload); err != nil {
			return err
		}
	}
	return nil
}

// fourCCNames are codecs that publishers may have heard of, and that are not packaged.
var fourCCNames = map[string]string{"vp08": "VP8", "vp09": "VP9", "vvc1": "H.266"}

// printable is a codec's code as people can read it.
func printable(fourCC string) string {
	if name := fourCCNames[fourCC]; name != "" {
		return name
	}
	return fmt.Sprintf("%q", fourCC)
}

// refuseTrack is what becomes of a track whose codec is not packaged: a feed's first track is what the publisher is about, so it is refused with
// it; others are left out.
func refuseTrack(kind media.Kind, track byte, why error, emit func(packet) error) error {
	if track == 0 {
		return why
	}
	return emit(packet{Kind: kind, Track: track, Purpose: unusable, Nanos: -1, Why: fmt.Sprintf("track %d is left out: %v", track, why)})
}
