package cmaf

import (
	"fmt"
	"sort"

	"weir/internal/isobmff"
	"weir/internal/media"
)

const (
	maxFragmentSamples = 1 << 15 // of a moof
	maxTime            = 1 << 60 // ticks
)

// place is a sample of a fragment before its bytes have come.
type place struct {
	track    *headerTrack
	dts, pts media.Ticks // the edit list is applied
	duration uint32
	size     uint32
	at       int64 // in the request's body
	sync     bool
}

// fragment reads a moof that begins at that byte of the request's body (ISO/IEC 14496-12, 8.8). The samples are in the order of their
// bytes.
func (h *header) fragment(moof []byte, at int64) ([]place, error) {
	var all []place
	end := at // of the data of the track fragment before
	for name, traf := range isobmff.Boxes(moof) {
		if name != "traf" {
			continue
		}
		var err error
		if all, end, err = h.trackFragment(all, traf, at, end, len(all) == 0); err != nil {
			return nil, err
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at < all[j].at })
	return all, nil
}

// trackFragment adds the samples of a traf.
func (h *header) trackFragment(all []place, traf []byte, moof, end int64, first bool) ([]place, int64, error) {
	tfhd := isobmff.Child(traf, "tfhd")
	if tfhd == nil {
		return nil, 0, fmt.Errorf("%w: track fragment without tfhd", errMalformed)
	}
	r := fields{b: tfhd}
	_, flags := r.full()
	id := r.u32()
	t := h.track(id)
	if t == nil {
		return nil, 0, fmt.Errorf("%w: the fragment is of track %d, which the header has not", errNoHeader, id)
	}
	base := end
	if flags&1 != 0 {
		base = int64(min(r.uint(8), 1<<40))
	} else if first || flags&0x20000 != 0 {
		base = moof
	}
	if flags&2 != 0 {
		r.bytes(4)
	}
	d := t.defaults
	for _, field := range []struct {
		bit uint32
		to  *uint32
	}{{8, &d.duration}, {0x10, &d.size}, {0x20, &d.flags}} {
		if flags&field.bit != 0 {
			*field.to = r.u32()
		}
	}
	tfdt := fields{b: isobmff.Child(traf, "tfdt")}
	version, _ := tfdt.full()
	dts := tfdt.word(version == 1)
	if tfdt.short || r.short {
		return nil, 0, fmt.Errorf("%w: track fragment without its decode time (tfdt)", errMalformed)
	}
	if dts > maxTime {
		return nil, 0, fmt.Errorf("%w: decode time of %d", errMalformed, dts)
	}
	run := run{track: t, defaults: d, base: base, at: base, dts: media.Ticks(dts) + t.shift}
	for name, trun := range isobmff.Boxes(traf) {
		if name != "trun" {
			continue
		}
		var err error
		if all, err = run.add(all, trun); err != nil {
			return nil, 0, err
		}
	}
	return all, run.at, nil
}

// run is how far the samples of a traf have been read.
type run struct {
	track    *headerTrack
	defaults defaults
	base, at int64
	dts      media.Ticks
}

// add reads a trun (ISO/IEC 14496-12, 8.8.8).
func (u *run) add(all []place, trun []byte) ([]place, error) {
	r := fields{b: trun}
	version, flags := r.full()
	count := int64(r.u32())
	if flags&1 != 0 {
		u.at = u.base + int64(int32(r.u32()))
	}
	first, own := uint32(0), flags&4 != 0
	if own {
		first = r.u32()
	}
	fields := int64(0)
	for _, bit := range []uint32{0x100, 0x200, 0x400, 0x800} {
		if flags&bit != 0 {
			fields += 4
		}
	}
	if count*fields > int64(len(r.b)) || r.short {
		return nil, fmt.Errorf("%w: trun of %d samples in %d bytes", errMalformed, count, len(trun))
	}
	if int64(len(all))+count > maxFragmentSamples {
		return nil, fmt.Errorf("%w: more than %d samples in a fragment", errMalformed, maxFragmentSamples)
	}
	for i := range count {
		p := place{track: u.track, dts: u.dts, duration: u.defaults.duration, size: u.defaults.size, at: u.at}
		bits := u.defaults.flags
		if flags&0x100 != 0 {
			p.duration = r.u32()
		}
		if flags&0x200 != 0 {
			p.size = r.u32()
		}
		if flags&0x400 != 0 {
			bits = r.u32()
		} else if i == 0 && own {
			bits = first
		}
		p.pts = p.dts
		if flags&0x800 != 0 {
			offset := r.u32()
			if version == 0 {
				p.pts += media.Ticks(offset)
			} else {
				p.pts += media.Ticks(int32(offset))
			}
		}
		if p.size > maxSample {
			return nil, fmt.Errorf("%w: a frame of %d bytes, %d are taken", errMalformed, p.size, maxSample)
		}
		p.sync = bits&isobmff.SampleNonSync == 0
		all = append(all, p)
		u.at += int64(p.size)
		u.dts += media.Ticks(p.duration)
	}
	return all, nil
}
