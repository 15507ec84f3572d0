package mp4

import "fmt"

// header is what tfhd says for the samples of a traf (8.8.7).
type header struct {
	base                  int64
	duration, size, flags uint32
}

// nonSync is sample_is_non_sync_sample of a sample's flags (8.8.3.1).
const nonSync = 0x10000

// parseTraf reads tfhd, tfdt and the truns of a traf.
func parseTraf(moof, traf *Box, in *Init, samples *int) (Fragment, error) {
	var f Fragment
	list, err := traf.children(0)
	if err != nil {
		return f, err
	}
	var h header
	for i := range list {
		r := reader{b: list[i].body}
		switch list[i].Type {
		case "tfhd":
			if h, err = f.header(&r, in, int64(moof.Offset)); err != nil {
				return f, err
			}
		case "tfdt":
			version, _ := r.full()
			f.Decode, f.Timed = r.word(version == 1), !r.short
		}
	}
	if f.Track == nil {
		return f, fmt.Errorf("%w: the traf at %d has no tfhd", ErrBroken, traf.Offset)
	}
	at, decode := h.base, f.Decode
	for i := range list {
		if list[i].Type != "trun" {
			continue
		}
		r := reader{b: list[i].body}
		if at, decode, err = f.run(&r, h, at, decode, samples); err != nil {
			return f, fmt.Errorf("trun at %d: %w", list[i].Offset, err)
		}
	}
	return f, nil
}

// header reads a tfhd.
func (f *Fragment) header(r *reader, in *Init, moof int64) (header, error) {
	_, flags := r.full()
	id := r.u32()
	t := in.track(id)
	if t == nil {
		return header{}, fmt.Errorf("%w: track %d is not in the init segment", ErrBroken, id)
	}
	f.Track = t
	h := header{moof, t.duration, t.size, t.flags}
	f.Relative = flags&1 == 0
	if flags&1 != 0 { // counts in a file, which this is not: only truns' own places would tell
		r.skip(8)
	}
	if flags&2 != 0 {
		r.skip(4)
	}
	if flags&8 != 0 {
		h.duration = r.u32()
	}
	if flags&0x10 != 0 {
		h.size = r.u32()
	}
	if flags&0x20 != 0 {
		h.flags = r.u32()
	}
	if r.short {
		return h, fmt.Errorf("%w: a tfhd is cut off", ErrBroken)
	}
	return h, nil
}

// run reads a trun (8.8.8). at is where its data begins unless it says so itself; it gives back where they end, and when.
func (f *Fragment) run(r *reader, h header, at int64, decode uint64, samples *int) (int64, uint64, error) {
	version, flags := r.full()
	count := r.u32()
	if flags&1 != 0 {
		at = h.base + int64(int32(r.u32()))
	}
	first, own := uint32(0), flags&4 != 0
	if own {
		first = r.u32()
	}
	if *samples += int(min(count, maxSamples+1)); *samples > maxSamples {
		return at, decode, fmt.Errorf("%w: more than %d samples", ErrBroken, maxSamples)
	}
	fields := 0
	for _, bit := range []uint32{0x100, 0x200, 0x400, 0x800} {
		if flags&bit != 0 {
			fields += 4
		}
	}
	if int64(fields)*int64(count) > int64(len(r.b)) {
		return at, decode, fmt.Errorf("%w: %d samples in %d bytes", ErrBroken, count, len(r.b))
	}
	for i := range count {
		s := Sample{Decode: decode, Duration: h.duration, Size: int(h.size)}
		bits := h.flags
		if flags&0x100 != 0 {
			s.Duration = r.u32()
		}
		if flags&0x200 != 0 {
			s.Size = int(r.u32())
		}
		if flags&0x400 != 0 {
			bits = r.u32()
		} else if i == 0 && own {
			bits = first
		}
		if flags&0x800 != 0 {
			if s.Composition = int64(r.u32()); version > 0 {
				s.Composition = int64(int32(s.Composition))
			}
		}
		s.Sync = bits&nonSync == 0
		s.Offset = int(max(min(at, 1<<53), -1<<53))
		f.Samples = append(f.Samples, s)
		at += int64(s.Size)
		decode += uint64(s.Duration)
	}
	return at, decode, nil
}
