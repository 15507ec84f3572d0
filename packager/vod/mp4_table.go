package vod

import (
	"encoding/binary"
	"slices"

	"weir/internal/isobmff"
)

// rows are the entries of a box that is a table: the bytes of all of them, each of size bytes. They are read where they stand.
type rows struct {
	data  []byte
	size  int
	count int
}

// at is number n of row i.
func (r *rows) at(i, n int) uint32 { return binary.BigEndian.Uint32(r.data[i*r.size+4*n:]) }

// table finds the rows of a box that begins with its version, flags and count; false where there is none. The count is held against the
// box's size.
func (t *trak) table(stbl []byte, name string, size int) (rows, bool, error) {
	body := isobmff.Child(stbl, name)
	if body == nil {
		return rows{}, false, nil
	}
	if len(body) < 8 {
		return rows{}, false, t.errorf("%s is cut off", name)
	}
	count := uint64(binary.BigEndian.Uint32(body[4:]))
	if count*uint64(size) > uint64(len(body)-8) {
		return rows{}, false, t.errorf("%s of %d entries has %d bytes", name, count, len(body))
	}
	return rows{data: body[8:], size: size, count: int(count)}, true, nil
}

// sampleTable adds the samples that a sample table lists (ISO/IEC 14496-12, 8.5 to 8.7).
func (t *trak) sampleTable(stbl []byte) error {
	sizes, err := t.sizes(stbl)
	if err != nil || sizes.count == 0 {
		return err // of a fragmented file: there is none
	}
	t.listed = true
	durations, ok, err := t.table(stbl, "stts", 8)
	if err != nil {
		return err
	}
	chunks, ok2, err := t.table(stbl, "stsc", 12)
	if err != nil {
		return err
	}
	places, wide, err := t.table(stbl, "co64", 8)
	if err != nil {
		return err
	}
	ok3 := wide
	if !wide {
		if places, ok3, err = t.table(stbl, "stco", 4); err != nil {
			return err
		}
	}
	if !ok || !ok2 || !ok3 || durations.count == 0 || chunks.count == 0 || places.count == 0 || chunks.at(0, 0) != 1 {
		return t.errorf("its sample table is incomplete")
	}
	if slices.ContainsFunc(slices.Collect(chunks.column(2)), func(id uint32) bool { return id != chunks.at(0, 2) }) || chunks.at(0, 2) != 1 {
		t.Why = "it changes its format in the middle: it uses several sample descriptions"
		return nil
	}
	offsets, _, err := t.table(stbl, "ctts", 8)
	if err != nil {
		return err
	}
	syncs, some, err := t.table(stbl, "stss", 4)
	if err != nil {
		return err
	}
	return t.list(&lists{
		sizes: sizes, durations: repeated{rows: durations}, offsets: repeated{rows: offsets}, syncs: marked{rows: syncs, all: !some},
		chunks: chunks, places: places, wide: wide,
	})
}

// lists are the tables that say where samples are, and when.
type lists struct {
	sizes
	durations, offsets repeated
	syncs              marked
	chunks, places     rows
	wide               bool
}

// list adds the samples, chunk by chunk.
func (t *trak) list(l *lists) error {
	n, entry, dts := 0, 0, int64(0)
	for i := 0; i < l.places.count && n < l.sizes.count; i++ {
		for entry+1 < l.chunks.count && l.chunks.at(entry+1, 0) <= uint32(i+1) {
			entry++
		}
		at := uint64(l.places.at(i, 0))
		if l.wide {
			at = at<<32 | uint64(l.places.at(i, 1))
		}
		if at > uint64(t.samples.size) {
			return t.errorf("chunk %d, at %d, lies outside of the file of %d bytes: it is cut off", i+1, at, t.samples.size)
		}
		offset := int64(at)
		for k := l.chunks.at(entry, 1); k > 0 && n < l.sizes.count; k-- {
			size, duration := l.size(n), l.durations.next()
			s := Sample{Offset: offset, Size: size, DTS: dts, CTS: int32(l.offsets.next()), Duration: duration, Sync: l.syncs.next(n)}
			n++
			dts += int64(duration)
			if size == 0 {
				continue // a pause: the sample before it lasts longer
			}
			if err := t.samples.add(s); err != nil {
				return err
			}
			offset += int64(size)
		}
	}
	if n < l.sizes.count {
		return t.errorf("%d samples, but places for %d only", l.sizes.count, n)
	}
	t.next = dts
	return nil
}
