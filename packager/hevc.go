package packager

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"weir/internal/media"
)

// describeHEVC reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.2.1) and the first SPS in it.
func describeHEVC(d *description, f media.Format) error {
	c := f.Config
	if len(c) < 23 || c[0] != 1 {
		return fmt.Errorf("not an HEVCDecoderConfigurationRecord: %w", ErrConfig)
	}
	if c[21]&3 != 3 {
		return fmt.Errorf("NAL unit lengths of %d bytes, not 4: %w", c[21]&3+1, ErrUnsupported)
	}
	var sets [64][]byte // the first NAL unit of each type
	rest := c[23:]
	for range c[22] {
		if len(rest) < 3 {
			return fmt.Errorf("array of parameter sets is cut off: %w", ErrConfig)
		}
		kind, count := rest[0]&63, int(binary.BigEndian.Uint16(rest[1:]))
		rest = rest[3:]
		for range count {
			nal, tail, ok := cutNAL(rest)
			if !ok {
				return fmt.Errorf("parameter set of type %d exceeds the record: %w", kind, ErrConfig)
			}
			if sets[kind] == nil {
				sets[kind] = nal
			}
			rest = tail
		}
	}
	const vps, sps, pps = 32, 33, 34
	if sets[vps] == nil || len(sets[sps]) < 3 || sets[pps] == nil {
		return fmt.Errorf("VPS, SPS or PPS is missing: %w", ErrConfig)
	}
	d.entry, d.box, d.payload = "hvc1", "hvcC", c
	d.Codecs = hevcCodecs(c)
	return parseHEVCSPS(d, sets[sps])
}

// hevcCodecs is the codecs parameter (ISO/IEC 14496-15, E.3).
func hevcCodecs(c []byte) string {
	var b strings.Builder
	b.WriteString("hvc1.")
	if space := c[1] >> 6; space > 0 {
		b.WriteByte('A' + space - 1)
	}
	tier := byte('L')
	if c[1]&0x20 != 0 {
		tier = 'H'
	}
	compatible := bits.Reverse32(binary.BigEndian.Uint32(c[2:]))
	fmt.Fprintf(&b, "%d.%X.%c%d", c[1]&31, compatible, tier, c[12])
	constraints := c[6:12]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, x := range constraints {
		fmt.Fprintf(&b, ".%X", x)
	}
	return b.String()
}

// parseHEVCSPS reads seq_parameter_set_rbsp (ISO/IEC 23008-2, 7.3.2.2) as far as the VUI's timing. Size errors are errors;
// whatever comes after the size and cannot be read only leaves colour, aspect ratio and rate unknown.
func parseHEVCSPS(d *description, sps []byte) error {
	r := newRBSP(sps[2:])
	r.skip(4)
	subLayers := int(r.bits(3)) // less one
	r.skip(1)
	skipProfileTierLevel(r, subLayers)
	r.ue()
	chroma := r.ue()
	if chroma > 3 {
		return fmt.Errorf("SPS: chroma format %d: %w", chroma, ErrConfig)
	}
	if chroma == 3 && r.flag() {
		chroma = 0
	}
	w, h := uint64(r.ue()), uint64(r.ue())
	if r.flag() {
		unitX, unitY := uint64(1), uint64(1)
		if chroma == 1 || chroma == 2 {
			unitX = 2
		}
		if chroma == 1 {
			unitY = 2
		}
		cropX := (uint64(r.ue()) + uint64(r.ue())) * unitX
		cropY := (uint64(r.ue()) + uint64(r.ue())) * unitY
		if cropX >= w || cropY >= h {
			return fmt.Errorf("SPS: crops everything: %w", ErrConfig)
		}
		w, h = w-cropX, h-cropY
	}
	if r.over || w == 0 || h == 0 || w > maxDimension || h > maxDimension {
		return fmt.Errorf("SPS: picture of %d×%d: %w", w, h, ErrConfig)
	}
	d.codedWidth, d.codedHeight = int(w), int(h)
	if !skipToVUI(r, subLayers) || !r.flag() || r.over {
		return nil
	}
	parseVUIStart(d, r)
	r.skip(3)
	if r.flag() {
		for range 4 {
			r.ue()
		}
	}
	if r.flag() {
		units, scale := r.bits(32), r.bits(32)
		if !r.over {
			d.rate = fraction(uint64(scale), uint64(units))
		}
	}
	return nil
}

// skipProfileTierLevel passes over profile_tier_level (ISO/IEC 23008-2, 7.3.3).
func skipProfileTierLevel(r *bitReader, subLayers int) {
	r.skip(96)
	var profile, level [8]bool
	for i := range subLayers {
		profile[i], level[i] = r.flag(), r.flag()
	}
	if subLayers > 0 {
		r.skip(2 * (8 - subLayers))
	}
	for i := range subLayers {
		if profile[i] {
			r.skip(88)
		}
		if level[i] {
			r.skip(8)
		}
	}
}

// skipToVUI passes from bit_depth_luma_minus8 to vui_parameters_present_flag.
func skipToVUI(r *bitReader, subLayers int) bool {
	r.ue()
	r.ue()
	pocBits := int(r.ue()) + 4
	if pocBits > 16 {
		return false
	}
	layers := 1
	if r.flag() {
		layers = subLayers + 1
	}
	for range 3*layers + 6 { // the ordering info of each layer, then six sizes of blocks and depths
		r.ue()
	}
	if r.flag() { // scaling_list_enabled_flag
		if r.flag() {
			skipHEVCScalingLists(r)
		}
	}
	r.skip(2)
	if r.flag() {
		r.skip(8)
		r.ue()
		r.ue()
		r.skip(1)
	}
	sets := r.ue()
	if sets > 64 || !skipReferenceSets(r, int(sets)) {
		return false
	}
	if r.flag() {
		n := r.ue()
		if n > 32 {
			return false
		}
		r.skip(int(n) * (pocBits + 1))
	}
	r.skip(2)
	return !r.over
}

// skipHEVCScalingLists passes over scaling_list_data (ISO/IEC 23008-2, 7.3.4).
func skipHEVCScalingLists(r *bitReader) {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for m := 0; m < 6; m += step {
			if !r.flag() {
				r.ue()
				continue
			}
			if size > 1 {
				r.se()
			}
			for range min(64, 1<<(4+2*size)) {
				r.se()
			}
		}
	}
}

// skipReferenceSets passes over the st_ref_pic_set()s of an SPS (ISO/IEC 23008-2, 7.3.7).
func skipReferenceSets(r *bitReader, sets int) bool {
	pictures := 0 // NumDeltaPocs of the set before
	for i := range sets {
		if i > 0 && r.flag() { // predicted from the set before
			r.skip(1)
			r.ue()
			n := 0
			for range pictures + 1 {
				used := r.flag()
				if !used {
					used = r.flag() // use_delta_flag
				}
				if used {
					n++
				}
			}
			pictures = n
		} else {
			neg, pos := r.ue(), r.ue()
			if neg > 16 || pos > 16 {
				return false
			}
			pictures = int(neg + pos)
			for range pictures {
				r.ue()
				r.skip(1)
			}
		}
		if r.over || pictures > 16 {
			return false
		}
	}
	return true
}
