package elementary

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// Types of NAL units of AVC (ISO/IEC 14496-10, table 7-1).
const (
	AVCSlice = 1
	AVCIDR   = 5
	AVCSEI   = 6
	AVCSPS   = 7
	AVCPPS   = 8
	AVCAUD   = 9
)

// maxSets bounds parameter sets of one type in a configuration, as the record's 5-bit counter does.
const maxSets = 31

// AVCConfig makes an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) of parameter sets. Lengths in samples have 4 bytes.
func AVCConfig(sps, pps [][]byte) ([]byte, error) {
	if len(sps) == 0 || len(pps) == 0 || len(sps) > maxSets || len(pps) > maxSets {
		return nil, fmt.Errorf("%w: %d SPS and %d PPS", ErrMalformed, len(sps), len(pps))
	}
	first := sps[0]
	var parsed h264.SPS
	if len(first) < 4 {
		return nil, fmt.Errorf("%w: SPS of %d bytes", ErrMalformed, len(first))
	}
	if err := parsed.Unmarshal(first); err != nil {
		return nil, fmt.Errorf("%w: SPS: %w", ErrMalformed, err)
	}
	c := []byte{1, first[1], first[2], first[3], 0xff, 0xe0 | byte(len(sps))}
	c, err := appendSets(c, sps)
	if err != nil {
		return nil, err
	}
	if c, err = appendSets(append(c, byte(len(pps))), pps); err != nil {
		return nil, err
	}
	switch first[1] {
	case 66, 77, 88:
	default:
		c = append(c, 0xfc|byte(parsed.ChromaFormatIdc)&3, 0xf8|byte(parsed.BitDepthLumaMinus8)&7, 0xf8|byte(parsed.BitDepthChromaMinus8)&7, 0)
	}
	return c, nil
}

// appendSets appends NAL units with their lengths in 2 bytes.
func appendSets(to []byte, sets [][]byte) ([]byte, error) {
	for _, s := range sets {
		if len(s) > 0xffff {
			return nil, fmt.Errorf("%w: parameter set of %d bytes", ErrMalformed, len(s))
		}
		to = append(append(to, byte(len(s)>>8), byte(len(s))), s...)
	}
	return to, nil
}

// AVCTiming is what an SPS says of time.
type AVCTiming struct {
	// Interlaced: pictures may be fields, two of which make a sample.
	Interlaced bool
	// FrameTicks is how long a frame is, in ticks of 90 kHz; 0 where it is not said.
	FrameTicks int64
}

// ReadAVCTiming reads it; the zero value for an SPS that is none.
func ReadAVCTiming(sps []byte) AVCTiming {
	var s h264.SPS
	if s.Unmarshal(sps) != nil {
		return AVCTiming{}
	}
	t := AVCTiming{Interlaced: !s.FrameMbsOnlyFlag}
	if s.VUI != nil && s.VUI.TimingInfo != nil {
		i := s.VUI.TimingInfo
		t.FrameTicks = frameTicks(2*uint64(i.NumUnitsInTick), uint64(i.TimeScale)) // a tick is a field
	}
	return t
}

// frameTicks is units of 1/scale s in ticks of 90 kHz, 0 where that is no length of a frame: 1 ms to 10 s.
func frameTicks(units, scale uint64) int64 {
	if scale == 0 {
		return 0
	}
	t := (units*90000 + scale/2) / scale
	if t < 90 || t > 900_000 {
		return 0
	}
	return int64(t)
}
