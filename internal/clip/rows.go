package clip

import (
	"encoding/binary"
	"math"
	"time"

	"weir/internal/media"
)

// Rows are stored one behind the other, each for itself, so that any of them can be read alone:
//
//	place of its run and of its anchor, start, duration and wall in nanoseconds;
//	then for each track of its run: number of parts (0: a gap), start, duration, wall after that of the row,
//	and unless it is a gap, where it begins in the track's file, checksum, and of each part size, duration, key << 1 | independent.
//
// All numbers are varints (encoding/binary); those that may be negative are zigzag.

// appendRow stores a row. offsets are where its segments begin in the tracks' files.
func appendRow(b []byte, row *media.Row, run, anchor int, offsets []int64) []byte {
	b = binary.AppendUvarint(b, uint64(run))
	b = binary.AppendUvarint(b, uint64(anchor))
	b = binary.AppendVarint(b, row.Start.UnixNano())
	b = binary.AppendVarint(b, int64(row.Duration))
	b = binary.AppendVarint(b, row.Wall.UnixNano())
	for i, s := range row.Segments {
		if s == nil || s.Gap() {
			b = append(b, 0)
			if s == nil {
				s = &media.Segment{}
				s.Wall = row.Wall
			}
			b = binary.AppendVarint(b, int64(s.Start))
			b = binary.AppendVarint(b, int64(s.Duration))
			b = binary.AppendVarint(b, int64(s.Wall.Sub(row.Wall)))
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(s.Parts)))
		b = binary.AppendVarint(b, int64(s.Start))
		b = binary.AppendVarint(b, int64(s.Duration))
		b = binary.AppendVarint(b, int64(s.Wall.Sub(row.Wall)))
		b = binary.AppendUvarint(b, uint64(offsets[i]))
		b = binary.AppendUvarint(b, uint64(s.Checksum))
		for _, p := range s.Parts {
			key := uint64(p.Key) << 1
			if p.Independent {
				key |= 1
			}
			b = binary.AppendUvarint(b, uint64(p.Size))
			b = binary.AppendVarint(b, int64(p.Duration))
			b = binary.AppendUvarint(b, key)
		}
	}
	return b
}

// table is the rows of a clip. It implements media.Rows; each row is made when it is asked for. It is immutable.
type table struct {
	doc   *document
	runs  []*media.Run
	files [][]int // of each run: which file each of its tracks is in, -1: none
	blob  []byte
	at    []uint32 // where each row begins in blob
}

// parseRows reads all rows once, so that later nothing can go wrong with them.
func parseRows(d *document, blob []byte) (*table, error) {
	if len(blob) != d.Rows.Bytes || castagnoli(blob) != d.Rows.Checksum {
		return nil, damaged("the rows have another size or checksum")
	}
	t := &table{doc: d, blob: blob, at: make([]uint32, 0, min(d.Rows.Count, len(blob)/5))}
	for i := range d.Runs {
		run := &d.Runs[i]
		files := make([]int, len(run.Tracks))
		for k := range run.Tracks {
			files[k] = d.file(run.Tracks[k].Name)
		}
		t.runs, t.files = append(t.runs, run), append(t.files, files)
	}
	r := reader{b: blob}
	for range d.Rows.Count {
		at := len(blob) - len(r.b)
		if _, _, err := t.read(&r, len(t.at)); err != nil {
			return nil, err
		}
		t.at = append(t.at, uint32(at))
	}
	if len(r.b) > 0 {
		return nil, damaged("%d bytes behind the rows", len(r.b))
	}
	return t, nil
}

// Len implements media.Rows.
func (t *table) Len() int { return len(t.at) }

// At implements media.Rows.
func (t *table) At(i int) *media.Row {
	row, _ := t.row(i)
	return row
}

// row is the row at position i and where its segments begin in their files.
func (t *table) row(i int) (*media.Row, []int64) {
	row, offsets, err := t.read(&reader{b: t.blob[t.at[i]:]}, i)
	if err != nil {
		panic("clip: a row that was read before cannot be read: " + err.Error())
	}
	return row, offsets
}

// reader reads numbers; the first that is not there makes it fail, and what is read then is 0.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) unsigned() uint64 {
	v, n := binary.Uvarint(r.b)
	return taken(r, v, n)
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.b)
	return taken(r, v, n)
}

func taken[T int64 | uint64](r *reader, v T, n int) T {
	if n <= 0 {
		r.failed, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// Bounds of times: what is added to them does not overflow.
const (
	maxTicks    = math.MaxInt64 / 4
	maxDuration = 48 * time.Hour
)

// read is the row at position i.
func (t *table) read(r *reader, i int) (*media.Row, []int64, error) {
	run, anchor := r.unsigned(), r.unsigned()
	start, duration, wall := r.signed(), time.Duration(r.signed()), r.signed()
	switch {
	case r.failed || run >= uint64(len(t.runs)) || anchor >= uint64(len(t.doc.Anchors)):
		return nil, nil, damaged("row %d: run %d, anchor %d", i, run, anchor)
	case duration < 0 || duration > maxDuration || start < 0 || wall < 0 || start > maxTicks*2 || wall > maxTicks*2:
		return nil, nil, damaged("row %d: start %d, duration %d, wall %d", i, start, duration, wall)
	}
	row := &media.Row{
		Number: t.doc.Rows.First + uint64(i), Run: t.runs[run], Anchor: t.doc.Anchors[anchor],
		Start: time.Unix(0, start).UTC(), Duration: duration, Wall: time.Unix(0, wall).UTC(),
	}
	n := len(row.Run.Tracks)
	row.Segments = make([]*media.Segment, n)
	segments, offsets := make([]media.Segment, n), make([]int64, n)
	for k := range row.Run.Tracks {
		s := &segments[k]
		track := &row.Run.Tracks[k]
		s.SegmentEnd = media.SegmentEnd{
			Track: track.Name, Segment: row.Number, Run: row.Run.ID, Init: track.Init, Timescale: track.Timescale, Anchor: row.Anchor,
		}
		offset, err := t.segment(r, s, row, t.files[run][k])
		if err != nil {
			return nil, nil, err
		}
		row.Segments[k], offsets[k] = s, offset
	}
	return row, offsets, nil
}

// segment reads a segment and gives back where it begins in its file.
func (t *table) segment(r *reader, s *media.Segment, row *media.Row, file int) (int64, error) {
	parts := r.unsigned()
	s.Start, s.Duration = media.Ticks(r.signed()), media.Ticks(r.signed())
	behind := time.Duration(r.signed())
	s.Wall = row.Wall.Add(behind)
	bad := func() (int64, error) { return 0, damaged("row %d: segment of track %s", row.Number, s.Track) }
	if r.failed || s.Start < 0 || s.Start > maxTicks || s.Duration < 0 || s.Duration > maxTicks || behind > maxDuration || behind < -maxDuration {
		return bad()
	}
	if parts == 0 {
		return 0, nil
	}
	offset, sum := r.unsigned(), r.unsigned()
	if r.failed || parts > uint64(len(r.b)/3) || file < 0 || sum > math.MaxUint32 {
		return bad()
	}
	s.Checksum, s.Chunks = uint32(sum), int(parts)
	s.Parts = make([]media.Part, parts)
	for i := range s.Parts {
		size, duration, key := r.unsigned(), r.signed(), r.unsigned()
		if r.failed || size > math.MaxInt32 || duration < 0 || duration > maxTicks || key>>1 > size {
			return bad()
		}
		s.Parts[i] = media.Part{
			Offset: int(s.Bytes), Size: int(size), Duration: media.Ticks(duration), Independent: key&1 != 0, Key: int(key >> 1),
		}
		if s.Bytes += int64(size); s.Bytes > maxSegment {
			return bad()
		}
	}
	if end := t.doc.Files[file].Bytes; offset > uint64(end) || s.Bytes > end-int64(offset) {
		return bad()
	}
	return int64(offset), nil
}

// maxSegment is the largest segment, in bytes.
const maxSegment = 1 << 30
