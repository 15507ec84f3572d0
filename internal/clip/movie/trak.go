package movie

import (
	"encoding/binary"
	"math"

	"github.com/Eyevinn/mp4ff/mp4"
)

// trak is a strand as moov describes it.
type trak struct {
	*strand
	id           uint32
	group        int16
	enabled      bool
	wait, length int64 // in the movie's timescale: until it begins, and how long it lasts
	head         func() int64
	wide         bool // offsets of chunks need 64 bits
}

// Flags of tkhd (ISO/IEC 14496-12, 8.3.2.3).
const (
	tkhdEnabled = 1
	tkhdInMovie = 2
)

// describe is the trak box.
func (t *trak) describe() (node, error) {
	h := t.headers[0]
	tkhd := mp4.CreateTkhd()
	tkhd.Flags, tkhd.TrackID, tkhd.AlternateGroup = tkhdInMovie, t.id, t.group
	if t.enabled {
		tkhd.Flags |= tkhdEnabled
	}
	tkhd.Duration, tkhd.Volume, tkhd.Matrix = uint64(t.wait+t.length), mp4.Fixed16(h.volume), h.matrix
	tkhd.Version = version(t.wait + t.length)
	for _, k := range t.headers { // the picture is as large as the largest
		tkhd.Width, tkhd.Height = max(tkhd.Width, mp4.Fixed32(k.width)), max(tkhd.Height, mp4.Fixed32(k.height))
	}
	// A sample that is shown before the first one is decoded has a time before the media's own beginning: all are shifted then, and
	// the edit takes that back.
	shift := max(0, -t.first)
	elst := &mp4.ElstBox{}
	if t.wait > 0 {
		elst.Entries = append(elst.Entries, mp4.ElstEntry{SegmentDuration: uint64(t.wait), MediaTime: -1, MediaRateInteger: 1})
	}
	elst.Entries = append(elst.Entries, mp4.ElstEntry{
		SegmentDuration: uint64(t.length), MediaTime: t.first + shift, MediaRateInteger: 1,
	})
	if t.wait+t.length > math.MaxUint32 || t.first+shift > math.MaxInt32 {
		elst.Version = 1
	}
	mdhd := &mp4.MdhdBox{Version: version(t.duration), Timescale: t.track.Timescale, Duration: uint64(t.duration), Language: h.language}
	var boxes [3]leaf
	for i, b := range []mp4.Box{tkhd, elst, mdhd} {
		var err error
		if boxes[i], err = encoded(b); err != nil {
			return nil, err
		}
	}
	tables, err := t.tables(shift)
	if err != nil {
		return nil, err
	}
	return &container{"trak", []node{
		boxes[0],
		&container{"edts", []node{boxes[1]}},
		&container{"mdia", []node{
			boxes[2], leaf(h.media),
			&container{"minf", []node{leaf(h.info), &container{"stbl", tables}}},
		}},
	}}, nil
}

// tables are what stbl consists of (ISO/IEC 14496-12, 8.5.1).
func (t *trak) tables(shift int64) ([]node, error) {
	if int64(int32(t.most+shift)) != t.most+shift {
		return nil, malformed("track %s: a sample is shown %d ticks after it is decoded", t.track.Name, t.most+shift)
	}
	if !fits32(t.count) {
		return nil, malformed("track %s has %d samples", t.track.Name, t.count)
	}
	tables := []node{
		t.descriptions(),
		&array{name: "stts", fixed: []uint32{uint32(t.deltas.entries)}, n: 2 * t.deltas.entries, make: t.fold(func(s *placed) uint32 {
			return s.duration
		})},
	}
	if t.most+shift != 0 || t.least+shift != 0 {
		flags := uint32(0)
		if t.least+shift < 0 {
			flags = 1 << 24 // offsets are signed
		}
		tables = append(tables, &array{
			name: "ctts", flags: flags, fixed: []uint32{uint32(t.shifts.entries)}, n: 2 * t.shifts.entries,
			make: t.fold(func(s *placed) uint32 { return uint32(int32(s.offset + shift)) }),
		})
	}
	if t.syncs < t.count {
		tables = append(tables, &array{name: "stss", fixed: []uint32{uint32(t.syncs)}, n: t.syncs, make: t.syncNumbers})
	}
	offsets := &array{name: "stco", fixed: []uint32{uint32(t.nChunks)}, n: t.nChunks, make: t.chunkOffsets}
	if t.wide {
		offsets.name, offsets.n = "co64", 2*t.nChunks
	}
	return append(
		tables,
		&array{name: "stsc", fixed: []uint32{uint32(t.groups.entries)}, n: 3 * t.groups.entries, make: t.chunkGroups},
		&array{name: "stsz", fixed: []uint32{0, uint32(t.count)}, n: t.count, make: func(put func(...uint32) error) error {
			return t.each(func(s *placed) error { return put(s.size) })
		}},
		offsets,
	), nil
}

// descriptions is stsd: the sample entries of all headers, in their order.
func (t *trak) descriptions() leaf {
	size := 16
	for _, h := range t.headers {
		for _, e := range h.entries {
			size += len(e)
		}
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, size), uint32(size))
	b = append(b, "stsd\x00\x00\x00\x00"...)
	b = binary.BigEndian.AppendUint32(b, uint32(t.entries))
	for _, h := range t.headers {
		for _, e := range h.entries {
			b = append(b, e...)
		}
	}
	return b
}

// each calls fn for every sample; its duration is that up to the next one's decoding time.
func (t *trak) each(fn func(*placed) error) error {
	r, err := t.samples.read()
	if err != nil {
		return err
	}
	var s placed
	for range t.count {
		var values [3]uint32
		for i := range values {
			if values[i], err = r.u32(); err != nil {
				return err
			}
		}
		s.duration, s.offset = values[0], int64(int32(values[1]))
		s.size, s.sync = values[2]&^syncMark, values[2]&syncMark != 0
		if err := fn(&s); err != nil {
			return err
		}
	}
	return nil
}

// fold makes a list of how many samples that follow each other have which value.
func (t *trak) fold(value func(*placed) uint32) func(put func(...uint32) error) error {
	return func(put func(...uint32) error) error {
		n, same := uint32(0), uint32(0)
		err := t.each(func(s *placed) error {
			v := value(s)
			if n > 0 && v == same {
				n++
				return nil
			}
			before, was := n, same
			n, same = 1, v
			if before == 0 {
				return nil
			}
			return put(before, was)
		})
		if err == nil && n > 0 {
			err = put(n, same)
		}
		return err
	}
}

func (t *trak) syncNumbers(put func(...uint32) error) error {
	number := uint32(0)
	return t.each(func(s *placed) error {
		if number++; s.sync {
			return put(number)
		}
		return nil
	})
}

func (t *trak) chunkGroups(put func(...uint32) error) error {
	r, err := t.chunks.read()
	if err != nil {
		return err
	}
	var c chunk
	var g groups
	for i := range t.nChunks {
		if err := readChunk(r, &c); err != nil {
			return err
		}
		if g.add(&c) {
			if err := put(uint32(i+1), c.samples, c.entry); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *trak) chunkOffsets(put func(...uint32) error) error {
	r, err := t.offsets.read()
	if err != nil {
		return err
	}
	head := t.head()
	for range t.nChunks {
		at, err := r.u64()
		if err != nil {
			return err
		}
		if at += uint64(head); t.wide {
			err = put(uint32(at>>32), uint32(at))
		} else {
			err = put(uint32(at))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
