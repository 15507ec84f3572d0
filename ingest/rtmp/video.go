package rtmp

import (
	"fmt"

	"weir/internal/media"
)

// Codec numbers of the FLV video tag (Video File Format 10.1, E.4.3.1); 12 is what encoders in Asia took for HEVC.
const (
	videoAVC  = 7
	videoHEVC = 12
)

const (
	frameKey     = 1
	frameCommand = 5 // a message to the player, without media
)

var videoNames = map[byte]string{2: "Sorenson H.263", 3: "Screen Video", 4: "VP6", 5: "VP6 with alpha", 6: "Screen Video 2", 13: "AV1 without Enhanced RTMP"}

// parseVideo takes a video message apart and calls emit with what it holds.
func parseVideo(body []byte, emit func(packet) error) error {
	if len(body) == 0 {
		return nil
	}
	if body[0]&0x80 != 0 {
		return parseEnhancedVideo(body, emit)
	}
	kind, codec := body[0]>>4&7, body[0]&0x0f
	if kind == frameCommand {
		return nil
	}
	p := packet{Kind: media.Video, Key: kind == frameKey, Nanos: -1}
	switch codec {
	case videoAVC:
		p.Codec = media.AVC
	case videoHEVC:
		p.Codec = media.HEVC
	default:
		name := videoNames[codec]
		if name == "" {
			name = fmt.Sprintf("number %d", codec)
		}
		return fmt.Errorf("video %w: %s; send H.264, HEVC or AV1", errUnsupported, name)
	}
	if len(body) < 5 {
		return fmt.Errorf("%w: video of %d bytes", errMalformed, len(body))
	}
	payload := body[2:]
	switch body[1] {
	case packetFrames:
	case packetConfig, packetEnd:
		payload = body[5:] // a composition time stands there too, and means nothing
	default:
		return nil
	}
	return emitVideo(p, body[1], payload, emit)
}

// parseEnhancedVideo is ExVideoTagHeader and ExVideoTagBody of Enhanced RTMP v2.
func parseEnhancedVideo(body []byte, emit func(packet) error) error {
	const metadata, transportStreamConfig, multitrack = 4, 5, 6
	key, command := body[0]>>4&7 == frameKey, body[0]>>4&7 == frameCommand
	e := enhanced{packetType: body[0] & 0x0f, multitrack: multitrack, rest: body[1:]}
	if err := e.modifiers(); err != nil {
		return err
	}
	if e.packetType == metadata || command {
		return nil // colours stand in the configurations too
	}
	return e.tracks(func(packetType, track byte, fourCC string, payload []byte) error {
		p := packet{Kind: media.Video, Track: track, Key: key, Nanos: e.nanos}
		refuse := func(what string) error {
			return refuseTrack(media.Video, track, fmt.Errorf("video %w: %s; send H.264, HEVC or AV1", errUnsupported, what), emit)
		}
		switch fourCC {
		case "avc1":
			p.Codec = media.AVC
		case "hvc1":
			p.Codec = media.HEVC
		case "av01":
			p.Codec = media.AV1
			switch packetType {
			case packetFrames: // only AVC and HEVC have composition times
				packetType = packetFramesX
			case transportStreamConfig:
				return refuse("AV1 with a descriptor of MPEG-TS in place of its configuration record")
			}
		default:
			if packetType == metadata {
				return nil
			}
			return refuse(printable(fourCC))
		}
		return emitVideo(p, packetType, payload, emit)
	})
}

// emitVideo hands on p with what follows its packet type.
func emitVideo(p packet, packetType byte, payload []byte, emit func(packet) error) error {
	switch packetType {
	case packetConfig:
		p.Purpose = config
	case packetEnd:
		p.Purpose = end
	case packetFrames, packetFramesX:
		p.Purpose = frame
	default:
		return nil // of a later version
	}
	if packetType == packetFrames {
		if len(payload) < 3 {
			return fmt.Errorf("%w: composition time cut off", errMalformed)
		}
		p.Offset = int24(payload)
		payload = payload[3:]
	}
	p.Data = payload
	if p.Purpose != end && len(p.Data) == 0 {
		return nil
	}
	return emit(p)
}

// int24 is a signed 24-bit number: composition times may be negative.
func int24(p []byte) int32 {
	return int32(uint32(p[0])<<24|uint32(p[1])<<16|uint32(p[2])<<8) >> 8
}
