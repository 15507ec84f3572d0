package mpegts

import (
	"fmt"

	"weir/internal/media"
)

// role is what a stream is to a feed.
type role int

const (
	ignored     role = iota // data that no player of ours knows
	track                   // video or audio
	splices                 // sections of SCTE-35
	tags                    // ID3 in PES
	unsupported             // video or audio that cannot be packaged
)

// syntaxOf is how the frames of a track stand in its PES.
type syntaxOf int

const (
	annexB syntaxOf = iota
	adts
	latm
	mpegAudio
	ac3
	eac3
	opus
)

// content is what a stream has.
type content struct {
	role   role
	kind   media.Kind  // of a track, or of what is not supported
	codec  media.Codec // of video
	syntax syntaxOf
	opus   byte   // channel_config_code
	name   string // for people
}

func (c content) String() string { return c.name }

func video(codec media.Codec, name string) content {
	return content{role: track, kind: media.Video, codec: codec, syntax: annexB, name: name}
}

func audio(s syntaxOf, name string) content {
	return content{role: track, kind: media.Audio, syntax: s, name: name}
}

func foreign(kind media.Kind, name string) content {
	return content{role: unsupported, kind: kind, name: name}
}

// contentOf reads stream_type (ISO/IEC 13818-1, table 2-34) and descriptors.
func contentOf(kind byte, d, ofProgram descriptors) content {
	bluRay := ofProgram.registration == "HDMV"
	switch kind {
	case 0x01, 0x02:
		return foreign(media.Video, "MPEG-2 video")
	case 0x03, 0x04:
		return audio(mpegAudio, "MPEG audio")
	case 0x06, 0x80:
		return private(kind, d, bluRay)
	case 0x0f:
		return audio(adts, "AAC (ADTS)")
	case 0x10:
		return foreign(media.Video, "MPEG-4 part 2 video")
	case 0x11:
		return audio(latm, "AAC (LATM)")
	case 0x15:
		if d.metadata == "ID3 " || d.registration == "ID3 " || d.metadata == "" && d.registration == "" {
			return content{role: tags, name: "ID3"}
		}
	case 0x1b:
		return video(media.AVC, "H.264")
	case 0x24:
		return video(media.HEVC, "HEVC")
	case 0x1c:
		return foreign(media.Audio, "AAC without a transport syntax")
	case 0x21:
		return foreign(media.Video, "JPEG 2000")
	case 0x33:
		return foreign(media.Video, "VVC")
	case 0x42, 0xd2, 0xd4:
		return foreign(media.Video, "AVS")
	case 0xd1:
		return foreign(media.Video, "Dirac")
	case 0xea:
		return foreign(media.Video, "VC-1")
	case 0x81:
		return audio(ac3, "AC-3")
	case 0x87:
		return audio(eac3, "E-AC-3")
	case 0x82, 0x85, 0x8a:
		if bluRay || d.registration != "" || kind == 0x8a {
			return foreign(media.Audio, "DTS")
		}
	case 0x83:
		return foreign(media.Audio, "TrueHD or LPCM")
	case 0x84:
		if bluRay {
			return audio(eac3, "E-AC-3")
		}
	case 0x86:
		if bluRay {
			return foreign(media.Audio, "DTS")
		}
		return content{role: splices, name: "SCTE-35"}
	case 0xc1, 0xc2, 0xcf, 0xdb:
		return foreign(media.Kind(""), "SAMPLE-AES")
	}
	return content{name: fmt.Sprintf("stream type %#02x", kind)}
}

// private is a stream whose descriptors say what it has.
func private(kind byte, d descriptors, bluRay bool) content {
	switch {
	case d.opus != 0 || d.registration == "Opus":
		c := audio(opus, "Opus")
		c.opus = d.opus
		return c
	case d.registration == "EAC3" || d.eac3:
		return audio(eac3, "E-AC-3")
	case d.registration == "AC-3" || d.ac3:
		return audio(ac3, "AC-3")
	case d.registration == "HEVC":
		return video(media.HEVC, "HEVC")
	case d.registration == "AV01":
		return foreign(media.Video, "AV1")
	case d.registration == "VP09" || d.registration == "vp09":
		return foreign(media.Video, "VP9")
	case d.registration == "BSSD":
		return foreign(media.Audio, "SMPTE 302M")
	case d.registration == "DTS1", d.registration == "DTS2", d.registration == "DTS3":
		return foreign(media.Audio, "DTS")
	case d.registration == "drac":
		return foreign(media.Video, "Dirac")
	case d.registration == "ID3 ":
		return content{role: tags, name: "ID3"}
	case kind == 0x80 && bluRay:
		return foreign(media.Audio, "LPCM")
	case kind == 0x80:
		return foreign(media.Video, "MPEG-2 video") // DigiCipher II
	}
	return content{name: fmt.Sprintf("private stream %#02x", kind)}
}
