package whip

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/Eyevinn/mp4ff/avc"
)

const (
	maxParameterSet = 4 << 10 // bytes
	maxSPS          = 31      // that a record can count
	maxPPS          = 255
)

// parameters are the parameter sets that a stream has sent in band, by their numbers. Those that are sent again take the place of the
// ones before.
type parameters struct {
	sps, pps map[uint32][]byte
}

// take remembers a NAL unit if it is a parameter set; fresh: it is one that was not known.
func (p *parameters) take(unit []byte) (fresh bool) {
	var sets *map[uint32][]byte
	skip, most := 0, 0
	switch unit[0] & 31 {
	case nalSPS:
		sets, skip, most = &p.sps, 4, maxSPS // header, profile, constraints, level
	case nalPPS:
		sets, skip, most = &p.pps, 1, maxPPS
	default:
		return false
	}
	if len(unit) <= skip || len(unit) > maxParameterSet {
		return false
	}
	id, ok := golomb(unit[skip:])
	if !ok || id > uint32(most) || bytes.Equal((*sets)[id], unit) {
		return false
	}
	if *sets == nil {
		*sets = make(map[uint32][]byte)
	}
	if _, known := (*sets)[id]; !known && len(*sets) == most {
		return false
	}
	(*sets)[id] = bytes.Clone(unit)
	return true
}

// golomb is ue(v) at the beginning of b (ISO/IEC 14496-10, 9.1), up to 16 bits. Numbers of parameter sets are too small to meet emulation
// prevention.
func golomb(b []byte) (uint32, bool) {
	bit := func(i int) (uint32, bool) {
		if i/8 >= len(b) {
			return 0, false
		}
		return uint32(b[i/8]>>(7-i%8)) & 1, true
	}
	zeros := 0
	for {
		v, ok := bit(zeros)
		if !ok || zeros > 16 {
			return 0, false
		}
		if v == 1 {
			break
		}
		zeros++
	}
	v := uint32(0)
	for i := range zeros + 1 {
		next, ok := bit(zeros + i)
		if !ok {
			return 0, false
		}
		v = v<<1 | next
	}
	return v - 1, true
}

// record is the AVCDecoderConfigurationRecord of what is known (ISO/IEC 14496-15, 5.3.3.1); nil: a SPS or a PPS is missing.
func (p *parameters) record() ([]byte, error) {
	if len(p.sps) == 0 || len(p.pps) == 0 {
		return nil, nil
	}
	var first []byte
	sets := func(to []byte, of map[uint32][]byte) []byte {
		for _, id := range slices.Sorted(maps.Keys(of)) {
			if first == nil {
				first = of[id]
			}
			to = append(to, byte(len(of[id])>>8), byte(len(of[id])))
			to = append(to, of[id]...)
		}
		return to
	}
	spsPart := sets([]byte{0xe0 | byte(len(p.sps))}, p.sps)
	record := append([]byte{1, first[1], first[2], first[3], 0xff}, spsPart...)
	record = sets(append(record, byte(len(p.pps))), p.pps)
	switch first[1] {
	case 66, 77, 88:
		return record, nil
	}
	sps, err := avc.ParseSPSNALUnit(first, false)
	if err != nil {
		return nil, fmt.Errorf("read the SPS: %w", err)
	}
	return append(record, 0xfc|byte(sps.ChromaFormatIDC), 0xf8|byte(sps.BitDepthLumaMinus8), 0xf8|byte(sps.BitDepthChromaMinus8), 0), nil
}
