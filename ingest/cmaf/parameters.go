package cmaf

import (
	"bytes"
	"encoding/binary"

	"weir/internal/elementary"
	"weir/internal/media"
)

const maxSets = 16 // parameter sets of one type in a sample

// parameters are the parameter sets of a video track, by type.
type parameters struct{ vps, sps, pps [][]byte }

// inSample collects the parameter sets that stand in a sample.
func inSample(codec media.Codec, au []byte) (p parameters) {
	for len(au) > 4 {
		n := binary.BigEndian.Uint32(au)
		if n == 0 || uint64(n) > uint64(len(au)-4) {
			return p
		}
		p.add(codec, au[4:4+n])
		au = au[4+n:]
	}
	return p
}

func (p *parameters) add(codec media.Codec, nal []byte) {
	var to *[][]byte
	switch kind := nal[0]; {
	case codec == media.AVC && kind&31 == elementary.AVCSPS, codec == media.HEVC && kind>>1&63 == elementary.HEVCSPS:
		to = &p.sps
	case codec == media.AVC && kind&31 == elementary.AVCPPS, codec == media.HEVC && kind>>1&63 == elementary.HEVCPPS:
		to = &p.pps
	case codec == media.HEVC && kind>>1&63 == elementary.HEVCVPS:
		to = &p.vps
	default:
		return
	}
	for _, known := range *to {
		if bytes.Equal(known, nal) {
			return
		}
	}
	if len(*to) < maxSets {
		*to = append(*to, bytes.Clone(nal))
	}
}

// updated is the format with the parameter sets of a sample, where these change something. What the sample does not have stays.
func (p *parameters) updated(f media.Format, au []byte) media.Format {
	in := inSample(f.Codec, au)
	if len(in.sps) == 0 && len(in.pps) == 0 && len(in.vps) == 0 {
		return f
	}
	next := *p
	for _, set := range []struct{ to, from *[][]byte }{{&next.vps, &in.vps}, {&next.sps, &in.sps}, {&next.pps, &in.pps}} {
		if len(*set.from) > 0 {
			*set.to = *set.from
		}
	}
	var config []byte
	var err error
	if f.Codec == media.AVC {
		config, err = elementary.AVCConfig(next.sps, next.pps)
	} else {
		config, err = elementary.HEVCConfig(next.vps, next.sps, next.pps)
	}
	if err != nil {
		return f
	}
	changed := f.Config == nil || !same(p.sps, next.sps) || !same(p.pps, next.pps) || !same(p.vps, next.vps)
	*p = next
	if changed {
		f.Config = config
	}
	return f
}

// same tells whether b has nothing that a has not.
func same(a, b [][]byte) bool {
next:
	for _, x := range b {
		for _, y := range a {
			if bytes.Equal(x, y) {
				continue next
			}
		}
		return false
	}
	return true
}

// inConfig collects the parameter sets of a decoder configuration that packager.Describe has accepted (ISO/IEC 14496-15, 5.3.3.1 and
// 8.3.3.1).
func inConfig(codec media.Codec, c []byte) (p parameters) {
	r := fields{b: c}
	sets := func(n int) {
		for range n {
			if nal := r.bytes(int(r.uint(2))); len(nal) > 0 {
				p.add(codec, nal)
			}
		}
	}
	switch codec {
	case media.AVC:
		r.bytes(5)
		sets(int(r.uint(1) & 31))
		sets(int(r.uint(1)))
	case media.HEVC:
		r.bytes(22)
		for range r.uint(1) {
			r.bytes(1)
			sets(int(r.uint(2)))
		}
	}
	return p
}
