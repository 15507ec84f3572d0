package rtmp

import (
	"fmt"

	"weir/internal/media"
)

// Sound formats of the FLV audio tag (Video File Format 10.1, E.4.2.1).
const (
	soundMP3      = 2
	soundEnhanced = 9
	soundAAC      = 10
	soundMP3Slow  = 14 // at 8 kHz
)

var soundNames = map[byte]string{0: "PCM", 1: "ADPCM", 3: "PCM", 4: "Nellymoser", 5: "Nellymoser", 6: "Nellymoser", 7: "G.711", 8: "G.711", 11: "Speex"}

// parseAudio takes an audio message apart and calls emit with what it holds.
func parseAudio(body []byte, emit func(packet) error) error {
	if len(body) == 0 {
		return nil
	}
	p := packet{Kind: media.Audio, Purpose: frame, Key: true, Nanos: -1}
	switch sound := body[0] >> 4; sound {
	case soundEnhanced:
		return parseEnhancedAudio(body, emit)
	case soundMP3, soundMP3Slow:
		p.Codec, p.Data = media.MP3, body[1:]
	case soundAAC:
		if len(body) < 2 {
			return fmt.Errorf("%w: AAC of %d bytes", errMalformed, len(body))
		}
		switch body[1] {
		case packetConfig:
			p.Purpose = config
		case packetFrames:
		default:
			return nil
		}
		p.Codec, p.Data = media.AAC, body[2:]
	default:
		name := soundNames[sound]
		if name == "" {
			name = fmt.Sprintf("number %d", sound)
		}
		return fmt.Errorf("audio %w: %s; send AAC, Opus, AC-3, E-AC-3, FLAC or MP3", errUnsupported, name)
	}
	if len(p.Data) == 0 {
		return nil
	}
	return emit(p)
}

var audioCodecs = map[string]media.Codec{
	"mp4a": media.AAC, "Opus": media.Opus, "ac-3": media.AC3, "ec-3": media.EAC3, "fLaC": media.FLAC, ".mp3": media.MP3,
}

// parseEnhancedAudio is ExAudioTagHeader and ExAudioTagBody of Enhanced RTMP v2.
func parseEnhancedAudio(body []byte, emit func(packet) error) error {
	e := enhanced{packetType: body[0] & 0x0f, multitrack: packetMultitrack, rest: body[1:]}
	if err := e.modifiers(); err != nil {
		return err
	}
	return e.tracks(func(packetType, track byte, fourCC string, payload []byte) error {
		const multichannelConfig = 4
		p := packet{Kind: media.Audio, Track: track, Key: true, Nanos: e.nanos, Data: payload}
		switch packetType {
		case packetConfig:
			p.Purpose = config
		case packetFrames:
			p.Purpose = frame
		case packetEnd:
			p.Purpose = end
		case multichannelConfig:
			p.Purpose = layout
		default:
			return nil // of a later version
		}
		codec, ok := audioCodecs[fourCC]
		if !ok {
			err := fmt.Errorf("audio %w: %s; send AAC, Opus, AC-3, E-AC-3, FLAC or MP3", errUnsupported, printable(fourCC))
			return refuseTrack(media.Audio, track, err, emit)
		}
		p.Codec = codec
		if p.Purpose == frame && len(p.Data) == 0 {
			return nil
		}
		return emit(p)
	})
}
