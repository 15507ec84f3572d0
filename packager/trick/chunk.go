package trick

import (
	"encoding/binary"
	"fmt"
	"math"

	"weir/internal/isobmff"
)

// chunk is what has to be known of a `moof` and its `mdat`.
type chunk struct {
	track, sequence uint32
	start, end      uint64 // decoding times: of the first sample, and after the last
	first           sample
}

// sample is the first one of a chunk.
type sample struct {
	at   uint64 // presentation time
	data []byte
	sync bool
}

// split finds the chunks of a segment. Boxes between them are skipped.
func split(segment []byte) ([]chunk, error) {
	var chunks []chunk
	at := 0
	for at < len(segment) {
		name, body, err := next(segment, at)
		if err != nil {
			return nil, err
		}
		size := 8 + len(body)
		if name == "moof" {
			c, err := fragment(segment, at, body)
			if err != nil {
				return nil, err
			}
			if n := len(chunks); n > 0 && (c.track != chunks[0].track || c.start != chunks[n-1].end) {
				return nil, fmt.Errorf("%w: chunk %d at byte %d does not go on from the one before", ErrMalformed, n, at)
			}
			chunks = append(chunks, c)
		}
		at += size
	}
	if len(chunks) == 0 {
		return nil, fmt.Errorf("%w: no moof", ErrMalformed)
	}
	return chunks, nil
}

// next is the box at byte at of b: its name and what is in it.
func next(b []byte, at int) (name string, body []byte, err error) {
	if len(b)-at < 8 {
		return "", nil, fmt.Errorf("%w: %d bytes at byte %d are no box", ErrMalformed, len(b)-at, at)
	}
	size := int64(binary.BigEndian.Uint32(b[at:]))
	if size < 8 || size > int64(len(b)-at) { // nor those that go on to the end of the file, nor 64-bit sizes
		return "", nil, fmt.Errorf("%w: box at byte %d says %d bytes of %d", ErrMalformed, at, size, len(b)-at)
	}
	return string(b[at+4 : at+8]), b[at+8 : at+int(size)], nil
}

// child is the only box of that name within body.
func child(body []byte, name string) ([]byte, error) {
	var found []byte
	for at := 0; at < len(body); {
		is, inner, err := next(body, at)
		if err != nil {
			return nil, err
		}
		if is == name {
			if found != nil {
				return nil, fmt.Errorf("%w: more than one %s", ErrMalformed, name)
			}
			found = inner
		}
		at += 8 + len(inner)
	}
	if found == nil {
		return nil, fmt.Errorf("%w: no %s", ErrMalformed, name)
	}
	return found, nil
}

// fragment reads the `moof` at byte at of the segment, whose content is body.
func fragment(segment []byte, at int, body []byte) (chunk, error) {
	var c chunk
	mfhd, err := child(body, "mfhd")
	if err != nil {
		return c, err
	}
	traf, err := child(body, "traf")
	if err != nil {
		return c, err
	}
	var parts [3]fields
	for i, name := range []string{"tfhd", "tfdt", "trun"} {
		inner, err := child(traf, name)
		if err != nil {
			return c, err
		}
		parts[i] = fields{rest: inner}
	}
	tfhd, tfdt, trun := &parts[0], &parts[1], &parts[2]
	head := fields{rest: mfhd}
	head.u32()
	c.sequence = head.u32()

	flags := tfhd.u32()
	c.track = tfhd.u32()
	if flags&(isobmff.TfhdBaseOffset|isobmff.TfhdBaseIsMoof) != isobmff.TfhdBaseIsMoof {
		return c, fmt.Errorf("%w: data is not addressed from the moof", ErrMalformed)
	}
	tfhd.optional(flags, isobmff.TfhdDescription)
	each := entry{}
	each.duration = tfhd.optional(flags, isobmff.TfhdDuration)
	each.size = tfhd.optional(flags, isobmff.TfhdSize)
	each.flags = uint32(isobmff.SampleNonSync)
	if flags&isobmff.TfhdFlags != 0 {
		each.flags = tfhd.u32()
	}

	if tfdt.u32()>>24 == 1 {
		c.start = tfdt.u64()
	} else {
		c.start = uint64(tfdt.u32())
	}
	first, total, err := samples(trun, each)
	if err != nil {
		return c, err
	}
	if head.short || tfhd.short || tfdt.short {
		return c, fmt.Errorf("%w: moof at byte %d is cut off", ErrMalformed, at)
	}
	presented := int64(c.start) + first.shift
	if c.start > math.MaxInt64/2 || total > math.MaxInt64/2 || presented < 0 {
		return c, fmt.Errorf("%w: moof at byte %d is at %d, shown %d later", ErrMalformed, at, c.start, first.shift)
	}
	c.end = c.start + total
	from := int64(at) + int64(first.data)
	if from < int64(at) || from+int64(first.size) > int64(len(segment)) || first.size == 0 {
		return c, fmt.Errorf("%w: first sample of the moof at byte %d is %d bytes from byte %d", ErrMalformed, at, first.size, from)
	}
	c.first = sample{at: uint64(presented), data: segment[from : from+int64(first.size)], sync: first.flags&isobmff.SampleNonSync == 0}
	return c, nil
}

// entry is a sample as trun has it.
type entry struct {
	duration, size, flags uint32
	shift                 int64 // of presentation against decoding time
	data                  int32 // offset of its bytes from the moof
}

// samples reads trun: its first sample, and how long all of them last together. each has the defaults.
func samples(trun *fields, each entry) (first entry, total uint64, err error) {
	head := trun.u32()
	count := uint64(trun.u32())
	flags := head & 0xffffff
	first = each
	first.data = int32(trun.optional(flags, isobmff.TrunDataOffset))
	firstFlags := trun.optional(flags, isobmff.TrunFirstFlags)
	size := uint64(0)
	for _, f := range []uint32{isobmff.TrunDuration, isobmff.TrunSize, isobmff.TrunFlags, isobmff.TrunOffset} {
		if flags&f != 0 {
			size += 4
		}
	}
	if trun.short || count == 0 || flags&isobmff.TrunDataOffset == 0 || count*size > uint64(len(trun.rest)) {
		return first, 0, fmt.Errorf("%w: trun of %d samples is cut off", ErrMalformed, count)
	}
	if flags&isobmff.TrunDuration == 0 {
		total = count * uint64(each.duration)
	}
	for i := uint64(0); i < count && (i == 0 || flags&isobmff.TrunDuration != 0); i++ {
		e := each
		if flags&isobmff.TrunDuration != 0 {
			e.duration = trun.u32()
			total += uint64(e.duration)
		}
		if flags&isobmff.TrunSize != 0 {
			e.size = trun.u32()
		}
		if flags&isobmff.TrunFlags != 0 {
			e.flags = trun.u32()
		}
		if flags&isobmff.TrunOffset != 0 {
			e.shift = int64(int32(trun.u32()))
			if head>>24 == 0 {
				e.shift = int64(uint32(e.shift))
			}
		}
		if i == 0 {
			e.data = first.data
			first = e
		}
	}
	if flags&isobmff.TrunFirstFlags != 0 {
		first.flags = firstFlags
	}
	return first, total, nil
}

// fields reads a box's content from its beginning. Reading past its end gives zero, and short tells of it.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) u32() uint32 {
	if len(f.rest) < 4 {
		f.short = true
		return 0
	}
	v := binary.BigEndian.Uint32(f.rest)
	f.rest = f.rest[4:]
	return v
}

func (f *fields) u64() uint64 { return uint64(f.u32())<<32 | uint64(f.u32()) }

// optional is a field that is there where its flag is set, else 0.
func (f *fields) optional(flags, flag uint32) uint32 {
	if flags&flag == 0 {
		return 0
	}
	return f.u32()
}
