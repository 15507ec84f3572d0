package packager

import (
	"encoding/binary"
	"fmt"

	"weir/internal/media"
)

// sampleAspectRatios are ISO/IEC 14496-10, table E-1 (the same in ISO/IEC 23008-2).
var sampleAspectRatios = [...][2]int{
	{1, 1},
	{1, 1},
	{12, 11},
	{10, 11},
	{16, 11},
	{40, 33},
	{24, 11},
	{20, 11},
	{32, 11},
	{80, 33},
	{18, 11},
	{15, 11},
	{64, 33},
	{160, 99},
	{4, 3},
	{3, 2},
	{2, 1},
}

// describeAVC reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) and the first SPS in it.
func describeAVC(d *description, f media.Format) error {
	c := f.Config
	if len(c) < 8 || c[0] != 1 {
		return fmt.Errorf("not an AVCDecoderConfigurationRecord: %w", ErrConfig)
	}
	if c[4]&3 != 3 {
		return fmt.Errorf("NAL unit lengths of %d bytes, not 4: %w", c[4]&3+1, ErrUnsupported)
	}
	var sps []byte
	rest := c[6:]
	for i := range int(c[5] & 31) {
		nal, tail, ok := cutNAL(rest)
		if !ok {
			return fmt.Errorf("SPS %d exceeds the record: %w", i, ErrConfig)
		}
		if sps == nil {
			sps = nal
		}
		rest = tail
	}
	if len(sps) < 4 || sps[0]&31 != 7 {
		return fmt.Errorf("no SPS: %w", ErrConfig)
	}
	if len(rest) < 1 || rest[0] == 0 {
		return fmt.Errorf("no PPS: %w", ErrConfig)
	}
	count := int(rest[0])
	rest = rest[1:]
	for i := range count {
		_, tail, ok := cutNAL(rest)
		if !ok {
			return fmt.Errorf("PPS %d exceeds the record: %w", i, ErrConfig)
		}
		rest = tail
	}
	d.entry, d.box, d.payload = "avc1", "avcC", c
	d.Codecs = fmt.Sprintf("avc1.%02X%02X%02X", c[1], c[2], c[3])
	return parseAVCSPS(d, sps)
}

// cutNAL takes a NAL unit with a 2-byte length off b.
func cutNAL(b []byte) (nal, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > len(b)-2 {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}

// parseAVCSPS reads seq_parameter_set_data (ISO/IEC 14496-10, 7.3.2.1.1) as far as the VUI's timing.
func parseAVCSPS(d *description, sps []byte) error {
	r := newRBSP(sps[1:])
	profile := r.bits(8)
	r.skip(16)
	r.ue()
	chroma := uint32(1)
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		chroma = r.ue()
		separate := chroma == 3 && r.flag()
		r.ue()
		r.ue()
		r.skip(1)
		if r.flag() {
			skipScalingLists(r, chroma)
		}
		if separate {
			chroma = 0
		}
	}
	if chroma > 3 {
		return fmt.Errorf("SPS: chroma format %d: %w", chroma, ErrConfig)
	}
	r.ue()
	switch r.ue() {
	case 0:
		r.ue()
	case 1:
		r.skip(1)
		r.se()
		r.se()
		n := r.ue()
		if n > 255 {
			return fmt.Errorf("SPS: %d reference frames in a cycle: %w", n, ErrConfig)
		}
		for range n {
			r.se()
		}
	}
	r.ue()
	r.skip(1)
	w, h := uint64(r.ue())+1, uint64(r.ue())+1
	fields := uint64(1) // map units a frame
	if !r.flag() {
		fields = 2
		r.skip(1)
	}
	r.skip(1)
	w, h = w*16, h*16*fields
	unitX, unitY := uint64(1), fields
	if chroma == 1 || chroma == 2 {
		unitX = 2
	}
	if chroma == 1 {
		unitY *= 2
	}
	if r.flag() {
		cropX := (uint64(r.ue()) + uint64(r.ue())) * unitX
		cropY := (uint64(r.ue()) + uint64(r.ue())) * unitY
		if cropX >= w || cropY >= h {
			return fmt.Errorf("SPS: crops everything: %w", ErrConfig)
		}
		w, h = w-cropX, h-cropY
	}
	if w > maxDimension || h > maxDimension {
		return fmt.Errorf("SPS: picture of %d×%d: %w", w, h, ErrConfig)
	}
	d.codedWidth, d.codedHeight = int(w), int(h)
	vui := r.flag()
	if r.over {
		return fmt.Errorf("SPS is cut off: %w", ErrConfig)
	}
	if vui {
		parseVUIStart(d, r)
		if r.flag() {
			units, scale := r.bits(32), r.bits(32)
			if r.flag() && !r.over { // a tick is a field
				d.rate = fraction(uint64(scale), 2*uint64(units))
			}
		}
	}
	return nil
}

// parseVUIStart reads what the VUI of AVC and HEVC begin with alike: aspect ratio, overscan, video signal, chroma location.
func parseVUIStart(d *description, r *bitReader) {
	if r.flag() {
		switch idc := r.bits(8); {
		case idc == 255:
			d.sarWidth, d.sarHeight = int(r.bits(16)), int(r.bits(16))
		case int(idc) < len(sampleAspectRatios):
			d.sarWidth, d.sarHeight = sampleAspectRatios[idc][0], sampleAspectRatios[idc][1]
		}
	}
	if r.flag() {
		r.skip(1)
	}
	if r.flag() {
		r.skip(3)
		full := r.flag()
		if r.flag() {
			c := &colour{primaries: uint16(r.bits(8)), transfer: uint16(r.bits(8)), matrix: uint16(r.bits(8)), full: full}
			if !r.over {
				d.colour = c
			}
		}
	}
	if r.flag() {
		r.ue()
		r.ue()
	}
}

func skipScalingLists(r *bitReader, chroma uint32) {
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if !r.flag() {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		last, next := int32(8), int32(8)
		for range size {
			if next != 0 {
				next = (last + r.se()%256 + 512) % 256
			}
			if next != 0 {
				last = next
			}
		}
	}
}
