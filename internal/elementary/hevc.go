package elementary

import (
	"bytes"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// Types of NAL units of HEVC (ISO/IEC 23008-2, table 7-1).
const (
	HEVCVPS       = 32
	HEVCSPS       = 33
	HEVCPPS       = 34
	HEVCAUD       = 35
	HEVCPrefixSEI = 39
)

// HEVCConfig makes an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.2.1) of parameter sets. Lengths in samples have 4 bytes.
// Its arrays are marked complete, as the sample entry hvc1 wants it.
func HEVCConfig(vps, sps, pps [][]byte) ([]byte, error) {
	if len(vps) == 0 || len(sps) == 0 || len(pps) == 0 || len(vps) > maxSets || len(sps) > maxSets || len(pps) > maxSets {
		return nil, fmt.Errorf("%w: %d VPS, %d SPS and %d PPS", ErrMalformed, len(vps), len(sps), len(pps))
	}
	var parsed h265.SPS
	if err := parsed.Unmarshal(sps[0]); err != nil {
		return nil, fmt.Errorf("%w: SPS: %w", ErrMalformed, err)
	}
	// profile_tier_level() begins behind the NAL unit's header and one byte, and its general part has 12 bytes.
	plain := withoutEmulation(sps[0], 3+12)
	if len(plain) < 3+12 {
		return nil, fmt.Errorf("%w: SPS of %d bytes", ErrMalformed, len(sps[0]))
	}
	c := append([]byte{1}, plain[3:3+12]...)
	nested := byte(0)
	if parsed.TemporalIDNestingFlag {
		nested = 1
	}
	c = append(c,
		0xf0, 0, // min_spatial_segmentation_idc: not known
		0xfc, // parallelismType: not known
		0xfc|byte(parsed.ChromaFormatIdc)&3,
		0xf8|byte(parsed.BitDepthLumaMinus8)&7,
		0xf8|byte(parsed.BitDepthChromaMinus8)&7,
		0, 0, // avgFrameRate: not known
		(parsed.MaxSubLayersMinus1+1)&7<<3|nested<<2|3,
		3,
	)
	for _, array := range []struct {
		kind byte
		sets [][]byte
	}{{HEVCVPS, vps}, {HEVCSPS, sps}, {HEVCPPS, pps}} {
		var err error
		if c, err = appendSets(append(c, 0x80|array.kind, 0, byte(len(array.sets))), array.sets); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// ReadHEVCFrameTicks is how long the SPS says that a frame is, in ticks of 90 kHz; 0 where it does not.
func ReadHEVCFrameTicks(sps []byte) int64 {
	var s h265.SPS
	if s.Unmarshal(sps) != nil || s.VUI == nil || s.VUI.TimingInfo == nil {
		return 0
	}
	return frameTicks(uint64(s.VUI.TimingInfo.NumUnitsInTick), uint64(s.VUI.TimingInfo.TimeScale))
}

// withoutEmulation is the beginning of a NAL unit without its emulation prevention bytes: at most n bytes.
func withoutEmulation(nal []byte, n int) []byte {
	out := make([]byte, 0, n)
	for i := 0; i < len(nal) && len(out) < n; i++ {
		if i >= 2 && nal[i] == 3 && bytes.Equal(nal[i-2:i], []byte{0, 0}) {
			continue
		}
		out = append(out, nal[i])
	}
	return out
}
