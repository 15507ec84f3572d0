package vtt

import (
	"encoding/binary"
	"fmt"
	"iter"

	"weir/internal/isobmff"
	"weir/internal/media"
)

// Bounds on a segment.
const (
	maxSamples = 4096
	maxTicks   = 1 << 62
)

// boxes are the boxes in b, name and body, as far as they are whole.
func boxes(b []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(b) >= 8 {
			n := binary.BigEndian.Uint32(b)
			if n < 8 || uint64(n) > uint64(len(b)) || !yield(string(b[4:8]), b[8:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// find is the body of the first box at the end of a path of names, or nil.
func find(b []byte, path ...string) []byte {
	for _, want := range path {
		var body []byte
		for name, in := range boxes(b) {
			if name == want {
				body = in
				break
			}
		}
		b = body
	}
	return b
}

// sample is a sample of a segment.
type sample struct {
	at, duration media.Ticks
	data         []byte
}

// samplesOf are the samples of all fragments: of each its `moof`, and the `mdat` behind it.
func samplesOf(segment []byte) ([]sample, error) {
	var all []sample
	var moof []byte
	for name, body := range boxes(segment) {
		switch name {
		case "moof":
			moof = body
		case "mdat":
			some, err := fragment(moof, body)
			if err != nil {
				return nil, err
			}
			if all = append(all, some...); len(all) > maxSamples {
				return nil, fmt.Errorf("%w: more than %d samples", ErrSegment, maxSamples)
			}
		}
	}
	return all, nil
}

// fields reads 32-bit fields that follow each other.
type fields struct {
	b     []byte
	short bool // more was read than there is
}

func (f *fields) next() uint32 {
	if len(f.b) < 4 {
		f.short = true
		return 0
	}
	v := binary.BigEndian.Uint32(f.b)
	f.b = f.b[4:]
	return v
}

// optional is the next field where flags have one of mask, else 0.
func (f *fields) optional(flags, mask uint32) uint32 {
	if flags&mask == 0 {
		return 0
	}
	return f.next()
}

// fragment reads the samples that a `moof` with one run tells of.
func fragment(moof, mdat []byte) ([]sample, error) {
	traf := find(moof, "traf")
	tfhd, tfdt, trun := fields{b: find(traf, "tfhd")}, fields{b: find(traf, "tfdt")}, fields{b: find(traf, "trun")}
	flags := tfhd.next()
	tfhd.next() // track_ID
	if flags&isobmff.TfhdBaseOffset != 0 {
		tfhd.next()
		tfhd.next()
	}
	tfhd.optional(flags, isobmff.TfhdDescription)
	duration, size := tfhd.optional(flags, isobmff.TfhdDuration), tfhd.optional(flags, isobmff.TfhdSize)
	var at uint64
	if tfdt.next()>>24 == 1 {
		at = uint64(tfdt.next()) << 32
	}
	at |= uint64(tfdt.next())
	flags = trun.next()
	count := trun.next()
	trun.optional(flags, isobmff.TrunDataOffset)
	trun.optional(flags, isobmff.TrunFirstFlags)
	if tfhd.short || tfdt.short || trun.short || at > maxTicks || count > maxSamples {
		return nil, fmt.Errorf("%w: a fragment of %d samples at %d is cut off, or too large", ErrSegment, count, at)
	}
	all := make([]sample, 0, min(count, 64))
	for range count {
		d, n := duration, size
		if flags&isobmff.TrunDuration != 0 {
			d = trun.next()
		}
		if flags&isobmff.TrunSize != 0 {
			n = trun.next()
		}
		trun.optional(flags, isobmff.TrunFlags)
		trun.optional(flags, isobmff.TrunOffset)
		if trun.short || uint64(n) > uint64(len(mdat)) {
			return nil, fmt.Errorf("%w: samples exceed their fragment", ErrSegment)
		}
		all = append(all, sample{media.Ticks(at), media.Ticks(d), mdat[:n]})
		at, mdat = at+uint64(d), mdat[n:]
	}
	return all, nil
}
