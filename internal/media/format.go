package media

import (
	"bytes"
	"fmt"
	"time"
)

// Kind is the media type of a track. CMAF has one a track (ISO/IEC 23000-19, 6.4).
type Kind string

// The kinds of track.
const (
	Video Kind = "video"
	Audio Kind = "audio"
	Text  Kind = "text" // subtitles
)

// Codec names a coding format.
type Codec string

// The codecs that a track may have. Each names what Format.Config and Sample.Data hold for it.
const (
	AVC  Codec = "avc"  // AVCDecoderConfigurationRecord; NAL units with 4-byte lengths (ISO/IEC 14496-15, 5)
	HEVC Codec = "hevc" // HEVCDecoderConfigurationRecord; NAL units with 4-byte lengths (ISO/IEC 14496-15, 8)
	AV1  Codec = "av1"  // AV1CodecConfigurationRecord; OBUs with sizes, without temporal delimiters (AV1-ISOBMFF 2)
	AAC  Codec = "aac"  // AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1); raw_data_block()s
	Opus Codec = "opus" // body of the dOps box (Opus in ISOBMFF, 4.3.2); packets
	AC3  Codec = "ac3"  // body of the dac3 box (ETSI TS 102 366, F.4); sync frames
	EAC3 Codec = "eac3" // body of the dec3 box (ETSI TS 102 366, F.6); sync frames
	FLAC Codec = "flac" // body of the dfLa box after its FullBox header; frames
	MP3  Codec = "mp3"  // nothing; frames
	MP2  Codec = "mp2"  // nothing; frames of MPEG-1 or MPEG-2 audio, layer II
	WVTT Codec = "wvtt" // WebVTT header, without it "WEBVTT" (body of the vttC box); VTTCueBoxes or a VTTEmptyCueBox (ISO/IEC 14496-30, 5.4)
	STPP Codec = "stpp" // body of the sample entry after data_reference_index: namespace, schema_location, auxiliary_mime_types, boxes; a TTML document (ISO/IEC 14496-30, 4.3)
)

// Kind is the media type of what c codes, or "" for an unknown codec.
func (c Codec) Kind() Kind {
	switch c {
	case AVC, HEVC, AV1:
		return Video
	case AAC, Opus, AC3, EAC3, FLAC, MP3, MP2:
		return Audio
	case WVTT, STPP:
		return Text
	}
	return ""
}

// Clock is what a feed's timestamps count.
type Clock struct {
	Timescale uint32 // ticks a second
	Wrap      Ticks  // timestamps are given modulo this; 0: they never wrap
	// Grid tells that the source has segments of its own, which begin at multiples of their duration on this clock, or soon after: where
	// they are as long as the channel's, these begin with them, whatever other sync samples there are.
	Grid bool
}

// Format is how a feed announces one of its tracks: what a decoder must be told, and the clock of its samples.
type Format struct {
	// Name is what the track is to be called where that does not follow from its place: v2 stays v2 while v1 is away. Names of a feed
	// differ; [a-z0-9]+. "": by kind, in the order of the formats.
	Name       string
	Codec      Codec
	Config     []byte // decoder configuration; its shape stands beside each Codec
	Clock      Clock
	Language   string // BCP 47; "" is not known
	SampleRate int    // audio, in Hz; needed only where Config does not say it (MP3, MP2)
	Channels   int    // audio; needed only where Config does not say it (MP3, MP2)
	Rotation   int    // video: degrees by which players turn the pictures clockwise: 0, 90, 180 or 270
	// KeysOnDemand tells that video has key frames only where the adapter asks for them, which it does at every border: one comes a
	// round trip behind it.
	KeysOnDemand bool
}

// Equal tells whether a decoder that was set up for f goes on with g.
func (f Format) Equal(g Format) bool {
	return f.Codec == g.Codec && bytes.Equal(f.Config, g.Config) && f.Clock == g.Clock &&
		f.Language == g.Language && f.SampleRate == g.SampleRate && f.Channels == g.Channels && f.Rotation == g.Rotation
}

// String is a short form for logs: no configuration bytes.
func (f Format) String() string {
	if f.Language == "" {
		return string(f.Codec)
	}
	return fmt.Sprintf("%s (%s)", f.Codec, f.Language)
}

// Sample is one access unit of a feed: a video frame or an audio frame (ISO/IEC 14496-12, 3.1.14).
type Sample struct {
	Track int    // index into the feed's Formats
	PTS   Ticks  // presentation time on the feed's clock
	DTS   Ticks  // decoding time on the feed's clock
	Sync  bool   // video: an IDR or its like, where decoding can start. Audio: always true
	Data  []byte // coded as Format.Codec says; the receiver may keep it, the sender must not change it
	// Duration is how long a sample of text holds, on the feed's clock; more than 0. Of other samples it is not looked at: they last until the next.
	Duration Ticks
	// Arrived is when a sample came in that had to wait since, as for the tracks of its feed to be known; zero: it is handed on as it comes.
	Arrived time.Time
}
