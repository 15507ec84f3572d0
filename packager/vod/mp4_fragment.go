package vod

import (
	"encoding/binary"
	"fmt"

	"weir/internal/isobmff"
)

// trex is what samples of a track's fragments have where nothing else is said (ISO/IEC 14496-12, 8.8.3).
type trex struct {
	track, description, duration, size, flags uint32
}

// trexes reads those of an mvex.
func trexes(mvex []byte) []trex {
	var all []trex
	for _, body := range isobmff.Children(mvex, "trex") {
		if len(body) < 24 || len(all) == maxTracks {
			break
		}
		f := fields{rest: body[4:]}
		all = append(all, trex{f.u32(), f.u32(), f.u32(), f.u32(), f.u32()})
	}
	return all
}

// fields reads a box from its beginning. What is not there is 0, and makes it short.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) u32() uint32 {
	if len(f.rest) < 4 {
		f.short, f.rest = true, nil
		return 0
	}
	v := binary.BigEndian.Uint32(f.rest)
	f.rest = f.rest[4:]
	return v
}

func (f *fields) u64() uint64 { return uint64(f.u32())<<32 | uint64(f.u32()) }

// optional is a field that is there where its flag is set, else it is what it is instead.
func (f *fields) optional(set bool, instead uint32) uint32 {
	if !set {
		return instead
	}
	return f.u32()
}

// How much is read at a time of a file of fragments, in bytes.
const (
	smallFragment = 256 << 10 // up to which they are read in blocks of nextRange, media and all
	leastRange    = 4 << 10   // of those that are larger: their moof alone
	mostRange     = 256 << 10
)

// near is how much to read where a fragment is expected: many of them where they are small, else little more than the largest moof so far.
func (m *movie) near() int64 {
	if m.distance <= smallFragment {
		return nextRange
	}
	return min(max(2*m.largest, leastRange), mostRange)
}

// moof adds the samples of a movie fragment (ISO/IEC 14496-12, 8.8). It is false, and nothing was added, where the file ends before its data
// do.
func (m *movie) moof(b topBox) (whole bool, err error) {
	if m.fragments++; m.fragments > 1 {
		m.distance = b.offset - m.before
	}
	m.before, m.largest = b.offset, max(m.largest, b.size)
	body, err := m.body(b, maxMoof, m.near())
	if err != nil {
		return false, err
	}
	begin := make([]int64, len(m.traks))
	for i, t := range m.traks {
		begin[i] = t.next
	}
	whole = true
	err = m.visit(b.offset, body, func(_ *trak, s *Sample) error {
		if s.Offset >= 0 && s.Offset > m.w.f.Size()-int64(s.Size) {
			whole = false
		}
		return nil
	})
	if err != nil || !whole {
		return whole, err
	}
	for i, t := range m.traks {
		t.next = begin[i]
	}
	return true, m.visit(b.offset, body, func(t *trak, s *Sample) error { return t.samples.add(*s) })
}

// visit goes over the samples of a fragment that begins at that offset. Those of tracks that do not play are left out, and those of no bytes:
// they are pauses.
func (m *movie) visit(offset int64, moof []byte, each func(*trak, *Sample) error) error {
	end := offset // of the data of the track fragment before
	for i, traf := range isobmff.Children(moof, "traf") {
		f := fields{rest: isobmff.Child(traf, "tfhd")}
		flags := f.u32() & 0xffffff
		r := run{is: trex{track: f.u32()}, base: end}
		for k := range m.defaults {
			if m.defaults[k].track == r.is.track {
				r.is = m.defaults[k]
			}
		}
		switch {
		case flags&isobmff.TfhdBaseOffset != 0:
			base := f.u64()
			if base > uint64(m.w.f.Size()) {
				return fmt.Errorf("%w: data of the fragment at %d lie outside of the file", ErrFile, offset)
			}
			r.base = int64(base)
		case flags&isobmff.TfhdBaseIsMoof != 0 || i == 0:
			r.base = offset
		}
		r.is.description = f.optional(flags&isobmff.TfhdDescription != 0, r.is.description)
		r.is.duration = f.optional(flags&isobmff.TfhdDuration != 0, r.is.duration)
		r.is.size = f.optional(flags&isobmff.TfhdSize != 0, r.is.size)
		r.is.flags = f.optional(flags&isobmff.TfhdFlags != 0, r.is.flags)
		if f.short {
			return fmt.Errorf("%w: fragment at %d: tfhd is missing or cut off", ErrFile, offset)
		}
		t := m.track(r.is.track)
		if t != nil && r.is.description > 1 {
			t.Why, t = "it changes its format in the middle: it uses several sample descriptions", nil
		}
		if tfdt := isobmff.Child(traf, "tfdt"); t != nil && len(tfdt) >= 8 {
			f := fields{rest: tfdt[4:]}
			at := uint64(0)
			if tfdt[0] == 1 {
				at = f.u64()
			} else {
				at = uint64(f.u32())
			}
			if f.short || at > maxTime {
				return fmt.Errorf("%w: fragment at %d: %s is decoded at %d", ErrFile, offset, t.name, at)
			}
			t.next = int64(at)
		}
		r.at = r.base
		for _, trun := range isobmff.Children(traf, "trun") {
			if err := m.run(&r, trun, t, each); err != nil {
				return fmt.Errorf("fragment at %d: %w", offset, err)
			}
		}
		end = r.at
	}
	return nil
}

// track is the track of that ID, nil for one that does not play.
func (m *movie) track(id uint32) *trak {
	for _, t := range m.traks {
		if t.ID == id && t.Why == "" {
			return t
		}
	}
	return nil
}

// run is where a track fragment's samples are.
type run struct {
	is   trex  // defaults
	base int64 // what data offsets count from
	at   int64 // where the next sample lies
}

// run goes over the samples of a trun.
func (m *movie) run(r *run, trun []byte, t *trak, each func(*trak, *Sample) error) error {
	f := fields{rest: trun}
	flags := f.u32() & 0xffffff
	count := uint64(f.u32())
	if flags&isobmff.TrunDataOffset != 0 {
		r.at = r.base + int64(int32(f.u32()))
	}
	firstFlags := f.optional(flags&isobmff.TrunFirstFlags != 0, r.is.flags)
	each4 := uint64(0)
	for _, bit := range []uint32{isobmff.TrunDuration, isobmff.TrunSize, isobmff.TrunFlags, isobmff.TrunOffset} {
		if flags&bit != 0 {
			each4 += 4
		}
	}
	// Samples of which nothing is written cost no bytes, so that they are counted.
	if m.counted += count; f.short || count*each4 > uint64(len(f.rest)) || m.counted > 4*maxSamples {
		return fmt.Errorf("%w: trun of %d samples in %d bytes", ErrFile, count, len(trun))
	}
	for i := range count {
		s := Sample{Offset: r.at}
		s.Duration = f.optional(flags&isobmff.TrunDuration != 0, r.is.duration)
		s.Size = f.optional(flags&isobmff.TrunSize != 0, r.is.size)
		is := f.optional(flags&isobmff.TrunFlags != 0, r.is.flags)
		if i == 0 && flags&isobmff.TrunFirstFlags != 0 {
			is = firstFlags
		}
		s.CTS = int32(f.optional(flags&isobmff.TrunOffset != 0, 0))
		s.Sync = is&isobmff.SampleNonSync == 0
		r.at += int64(s.Size)
		if t == nil {
			continue
		}
		s.DTS = t.next
		t.next += int64(s.Duration)
		if s.Size == 0 {
			continue
		}
		if err := each(t, &s); err != nil {
			return err
		}
	}
	return nil
}
