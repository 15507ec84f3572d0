package packager

import (
	"errors"
	"fmt"

	"weir/internal/media"
)

// Errors that callers tell apart.
var (
	// ErrUnsupported is wrapped by errors about a format that is well formed, but that this package does not write.
	ErrUnsupported = errors.New("format is not supported")
	// ErrConfig is wrapped by errors about a decoder configuration that is malformed or contradicts itself.
	ErrConfig = errors.New("decoder configuration is not valid")
)

// Bounds on what a feed may announce.
const (
	maxConfig    = 64 << 10 // bytes of a decoder configuration
	maxDimension = 16384    // pixels
	maxTimescale = 1_000_000_000
)

// colour is what a `colr` box of type nclx says (ISO/IEC 14496-12, 12.1.5; code points of ISO/IEC 23091-2).
type colour struct {
	primaries, transfer, matrix uint16
	full                        bool
}

// videoRange is the value of EXT-X-STREAM-INF's VIDEO-RANGE for a transfer characteristic.
func (c *colour) videoRange() string {
	if c != nil {
		switch c.transfer {
		case 16:
			return "PQ"
		case 18:
			return "HLG"
		}
	}
	return "SDR"
}

// description is all that is known of a track from its format alone.
type description struct {
	media.Track
	entry   string      // four-character code of the sample entry
	box     string      // four-character code of the box with the decoder configuration, "" for esds
	payload []byte      // of that box, or the DecoderSpecificInfo of an esds; of text, all of the sample entry that is its own
	brand   string      // that the track conforms to besides cmfc, "" for none
	start   media.Ticks // what is decoded before this is not presented, and presentation times count from here

	// Video.
	codedWidth, codedHeight int // cropped, but not scaled
	sarWidth, sarHeight     int
	colour                  *colour
	rate                    media.Fraction // that the bitstream claims

	// Audio.
	objectType byte        // of the esds (ISO/IEC 14496-1, 7.2.6.6)
	sampleBits uint16      // of a sample entry of audio
	perFrame   media.Ticks // audio samples that a frame holds, 0 where it varies or is not known
}

// Describe parses a format's configuration: Codecs as RFC 6381 has it, display size, rates, channels. Name and Init are left
// empty, FrameRate is what the bitstream itself claims. The error wraps ErrUnsupported or ErrConfig.
func Describe(f media.Format) (media.Track, error) {
	d, err := describe(f)
	if err != nil {
		return media.Track{}, err
	}
	return d.Track, nil
}

func describe(f media.Format) (description, error) {
	d := description{sarWidth: 1, sarHeight: 1, sampleBits: 16}
	d.Kind, d.Codec, d.Language, d.Rotation = f.Codec.Kind(), f.Codec, f.Language, f.Rotation
	var parse func(*description, media.Format) error
	switch f.Codec {
	case media.AVC:
		parse = describeAVC
	case media.HEVC:
		parse = describeHEVC
	case media.AV1:
		parse = describeAV1
	case media.AAC:
		parse = describeAAC
	case media.Opus:
		parse = describeOpus
	case media.AC3:
		parse = describeAC3
	case media.EAC3:
		parse = describeEAC3
	case media.FLAC:
		parse = describeFLAC
	case media.MP3:
		parse = describeMP3
	case media.MP2:
		parse = describeMP2
	case media.WVTT:
		parse = describeWVTT
	case media.STPP:
		parse = describeSTPP
	default:
		return d, fmt.Errorf("describe format: codec %q: %w", f.Codec, ErrUnsupported)
	}
	if err := checkFormat(f); err != nil {
		return d, fmt.Errorf("describe %s format: %w", f.Codec, err)
	}
	if err := parse(&d, f); err != nil {
		return d, fmt.Errorf("describe %s format: %w", f.Codec, err)
	}
	switch d.Kind {
	case media.Video:
		return d, d.finishVideo()
	case media.Text:
		d.Timescale = videoTimescale // so that it is cut where the lead is
		return d, nil
	}
	return d, d.finishAudio()
}

func checkFormat(f media.Format) error {
	if len(f.Config) > maxConfig {
		return fmt.Errorf("%d bytes of configuration, more than %d: %w", len(f.Config), maxConfig, ErrConfig)
	}
	if f.Clock.Timescale == 0 || f.Clock.Timescale > maxTimescale {
		return fmt.Errorf("timescale %d is not within 1…%d: %w", f.Clock.Timescale, maxTimescale, ErrConfig)
	}
	// A wrap within the largest jump that is told from media could not be unrolled.
	if w := f.Clock.Wrap; w != 0 && (w < 0 || w > 1<<62 || w/4 < media.Ticks(f.Clock.Timescale)*maxForwardSeconds) {
		return fmt.Errorf("timestamps wrap at %d ticks of 1/%d s, less than %d s: %w", w, f.Clock.Timescale, 4*maxForwardSeconds, ErrConfig)
	}
	if !isRotation(f) {
		return fmt.Errorf("turned by %d degrees: %w", f.Rotation, ErrConfig)
	}
	if len(f.Language) > 64 {
		return fmt.Errorf("language tag of %d bytes: %w", len(f.Language), ErrConfig)
	}
	for _, c := range []byte(f.Language) {
		if c != '-' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return fmt.Errorf("language %q is not a BCP 47 tag: %w", f.Language, ErrConfig)
		}
	}
	return nil
}

func (d *description) finishVideo() error {
	if d.codedWidth < 1 || d.codedHeight < 1 || d.codedWidth > maxDimension || d.codedHeight > maxDimension {
		return fmt.Errorf("describe %s format: picture of %d×%d: %w", d.Codec, d.codedWidth, d.codedHeight, ErrConfig)
	}
	if d.sarWidth < 1 || d.sarHeight < 1 || d.sarWidth > 64*d.sarHeight || d.sarHeight > 64*d.sarWidth {
		d.sarWidth, d.sarHeight = 1, 1 // 0 means not specified; beyond 64:1 it is an error of the encoder
	}
	// One dimension is kept and the other made larger, so that no detail is lost (as ISO/IEC 14496-12, 12.1.4 shows it).
	d.Width, d.Height = d.codedWidth, d.codedHeight
	if d.sarWidth > d.sarHeight {
		d.Width = (d.codedWidth*d.sarWidth + d.sarHeight/2) / d.sarHeight
	} else if d.sarWidth < d.sarHeight {
		d.Height = (d.codedHeight*d.sarHeight + d.sarWidth/2) / d.sarWidth
	}
	if d.Width > 65535 || d.Height > 65535 {
		return fmt.Errorf("describe %s format: display size of %d×%d: %w", d.Codec, d.Width, d.Height, ErrConfig)
	}
	d.Width, d.Height = d.unrotated() // which turns them as well
	d.Timescale = videoTimescale
	d.VideoRange = d.colour.videoRange()
	d.FrameRate = d.rate
	return nil
}

func (d *description) finishAudio() error {
	if d.SampleRate < 1000 || d.SampleRate > 768_000 {
		return fmt.Errorf("describe %s format: sample rate of %d Hz: %w", d.Codec, d.SampleRate, ErrConfig)
	}
	if d.Channels < 1 || d.Channels > 64 {
		return fmt.Errorf("describe %s format: %d channels: %w", d.Codec, d.Channels, ErrConfig)
	}
	d.Timescale = uint32(d.SampleRate)
	return nil
}
