package movie

import (
	"math"

	"weir/internal/isobmff"
	"weir/internal/media"
)

// sample is one sample of a segment.
type sample struct {
	dts      media.Ticks
	offset   int64 // from dts to when it is presented
	duration uint32
	size     uint32
	sync     bool
	at       int // of its bytes in the segment
}

// maxSample is the largest sample, in bytes: its size stands in 31 bits.
const maxSample = math.MaxInt32

// maxSamples is how many samples a segment may have: 10 s of the shortest audio frames are far fewer.
const maxSamples = 1 << 17

// samples calls fn for every sample of a CMAF segment, in decoding order. Samples lie within data. Boxes other than moof are passed by.
func samples(data []byte, d defaults, fn func(sample) error) error {
	count := 0
	return each(data, func(b box) error {
		if b.name != "moof" {
			return nil
		}
		trafs := 0
		return each(b.body, func(c box) error {
			if c.name != "traf" {
				return nil
			}
			if trafs++; trafs > 1 {
				return malformed("several tracks in a moof")
			}
			r := fragment{data: data, moof: b.at, next: b.at, defaults: d, count: &count, fn: fn}
			return each(c.body, r.box)
		})
	})
}

// fragment is a traf that is being read.
type fragment struct {
	data     []byte
	moof     int // where it begins in data
	next     int // where the next run of samples begins in data, if it does not say it
	defaults defaults
	dts      media.Ticks
	timed    bool // dts is known
	count    *int // samples of the segment up to here
	fn       func(sample) error
}

// box reads a child of traf.
func (r *fragment) box(b box) error {
	f := fields{b: b.body}
	version, flags := f.full()
	switch b.name {
	case "tfhd":
		f.take(4) // track
		if flags&isobmff.TfhdBaseOffset != 0 {
			return malformed("offsets from the beginning of a file")
		}
		if flags&isobmff.TfhdDescription != 0 && f.u32() != 1 {
			return malformed("samples of another sample entry than the first")
		}
		for _, field := range []struct {
			flag uint32
			to   *uint32
		}{{isobmff.TfhdDuration, &r.defaults.duration}, {isobmff.TfhdSize, &r.defaults.size}, {isobmff.TfhdFlags, &r.defaults.flags}} {
			if flags&field.flag != 0 {
				*field.to = f.u32()
			}
		}
	case "tfdt":
		at := uint64(0)
		if version == 0 {
			at = uint64(f.u32())
		} else {
			at = f.u64()
		}
		if at > math.MaxInt64/2 {
			return malformed("a decoding time of %d", at)
		}
		r.dts, r.timed = media.Ticks(at), true
	case "trun":
		return r.run(&f, version, flags)
	}
	if f.failed && (b.name == "tfhd" || b.name == "tfdt") {
		return malformed("%s of %d bytes", b.name, len(b.body))
	}
	return nil
}

// run reads a trun.
func (r *fragment) run(f *fields, version byte, flags uint32) error {
	if !r.timed {
		return malformed("samples without a decoding time")
	}
	count := f.u32()
	if flags&isobmff.TrunDataOffset != 0 {
		r.next = r.moof + int(int32(f.u32()))
	}
	first := r.defaults.flags
	if flags&isobmff.TrunFirstFlags != 0 {
		first = f.u32()
	}
	per := 0
	for _, flag := range []uint32{isobmff.TrunDuration, isobmff.TrunSize, isobmff.TrunFlags, isobmff.TrunOffset} {
		if flags&flag != 0 {
			per += 4
		}
	}
	if f.failed || uint64(count)*uint64(per) > uint64(len(f.b)) || int64(count) > int64(maxSamples-*r.count) {
		return malformed("a trun of %d samples in %d bytes", count, len(f.b))
	}
	*r.count += int(count)
	for i := range count {
		s := sample{dts: r.dts, duration: r.defaults.duration, size: r.defaults.size, at: r.next}
		mark := r.defaults.flags
		if i == 0 {
			mark = first
		}
		if flags&isobmff.TrunDuration != 0 {
			s.duration = f.u32()
		}
		if flags&isobmff.TrunSize != 0 {
			s.size = f.u32()
		}
		if flags&isobmff.TrunFlags != 0 {
			mark = f.u32()
		}
		if flags&isobmff.TrunOffset != 0 {
			if s.offset = int64(f.u32()); version > 0 {
				s.offset = int64(int32(s.offset))
			}
		}
		s.sync = mark&isobmff.SampleNonSync == 0
		if s.size > maxSample || s.at < 0 || s.at > len(r.data) || int(s.size) > len(r.data)-s.at {
			return malformed("a sample of %d bytes at %d of %d", s.size, s.at, len(r.data))
		}
		if err := r.fn(s); err != nil {
			return err
		}
		r.next += int(s.size)
		if r.dts += media.Ticks(s.duration); r.dts > math.MaxInt64/2 {
			return malformed("decoding times over %d", int64(math.MaxInt64/2))
		}
	}
	return nil
}
