package packager

import (
	"fmt"

	"weir/internal/media"
)

// aacRates are ISO/IEC 14496-3, table 1.18.
var aacRates = [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

// aacChannels are ISO/IEC 14496-3, table 1.19; 0: reserved, or in a program config element.
var aacChannels = [...]int{0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0}

// Audio object types (ISO/IEC 14496-3, table 1.17).
const (
	aotMain = 1
	aotLC   = 2
	aotLTP  = 4
	aotSBR  = 5
	aotPS   = 29
)

// describeAAC reads an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1). SBR and PS count where they are signalled, in either
// of the two explicit ways; the track's rate is then the extended one and a frame has twice the samples.
func describeAAC(d *description, f media.Format) error {
	if len(f.Config) > 64 {
		return fmt.Errorf("AudioSpecificConfig of %d bytes: %w", len(f.Config), ErrConfig)
	}
	r := &bitReader{data: f.Config}
	object := aacObject(r)
	rate := aacRate(r)
	channels := aacChannels[r.bits(4)]
	sbr, ps := false, false
	extended := 0
	if object == aotSBR || object == aotPS {
		sbr, ps = true, object == aotPS
		extended = aacRate(r)
		object = aacObject(r)
	}
	switch object {
	case aotMain, aotLC, aotLTP:
	default:
		return fmt.Errorf("audio object type %d: %w", object, ErrUnsupported)
	}
	d.perFrame = 1024
	if r.flag() {
		d.perFrame = 960
	}
	if r.flag() {
		r.skip(14)
	}
	r.skip(1)
	if r.over {
		return fmt.Errorf("AudioSpecificConfig is cut off: %w", ErrConfig)
	}
	if channels == 0 {
		return fmt.Errorf("AudioSpecificConfig: channels only in a program config element: %w", ErrUnsupported)
	}
	if !sbr && r.left() >= 16 && r.bits(11) == 0x2b7 && aacObject(r) == aotSBR && r.flag() {
		sbr = true
		extended = aacRate(r)
		ps = r.left() >= 12 && r.bits(11) == 0x548 && r.flag()
		if r.over {
			return fmt.Errorf("AudioSpecificConfig: extension is cut off: %w", ErrConfig)
		}
	}
	signalled := object
	if sbr {
		signalled = aotSBR
		if extended != rate { // equal: down-sampled SBR
			if extended != 2*rate {
				return fmt.Errorf("AudioSpecificConfig: SBR takes %d Hz to %d Hz: %w", rate, extended, ErrConfig)
			}
			rate, d.perFrame = extended, 2*d.perFrame
		}
	}
	if ps {
		signalled = aotPS
		if channels == 1 {
			channels = 2
		}
	}
	d.entry, d.objectType, d.payload = "mp4a", 0x40, f.Config
	d.Codecs = fmt.Sprintf("mp4a.40.%d", signalled)
	d.SampleRate, d.Channels = rate, channels
	return nil
}

func aacObject(r *bitReader) int {
	if v := r.bits(5); v != 31 {
		return int(v)
	}
	return 32 + int(r.bits(6))
}

// aacRate is 0 for an index that is reserved.
func aacRate(r *bitReader) int {
	i := r.bits(4)
	if i == 15 {
		return int(r.bits(24))
	}
	if int(i) < len(aacRates) {
		return aacRates[i]
	}
	return 0
}
