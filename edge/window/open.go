package window

import (
	"hash/crc32"
	"sync/atomic"

	"weir/internal/media"
)

// Open is a segment of one track on its way: readers follow it by Progress, the window's writer adds to it.
type Open struct {
	progress atomic.Pointer[Progress]

	// What follows belongs to the window's writer.
	chunks []piece           // from the first on, without holes
	ahead  map[int]piece     // by index: those that came before one that stands before them
	bytes  int64             // of all that are there
	end    *media.SegmentEnd // nil: has not come
	done   *media.Segment    // what it became; nil: still open
}

// Progress is what there is of an open segment at one moment. It is immutable.
type Progress struct {
	Chunks  [][]byte       // from the first on, without holes
	Segment *media.Segment // what it became when it was closed, which may be a gap; nil: it is still being made
	GivenUp bool           // it will never be closed
}

// piece is what the window keeps of a chunk.
type piece struct {
	data        []byte
	duration    media.Ticks
	independent bool
}

// openRow is a row on its way. It is immutable; its segments are not.
type openRow struct {
	number   uint64
	run      *media.Run
	segments []*Open // beside run.Tracks
}

// Progress is what there is of the segment now.
func (o *Open) Progress() *Progress { return o.progress.Load() }

func newOpen() *Open {
	o := new(Open)
	o.progress.Store(new(Progress))
	return o
}

// add puts a chunk in its place and tells whether it was new.
func (o *Open) add(c media.Chunk) bool {
	p := piece{data: c.Data, duration: c.Duration, independent: c.Independent}
	if c.Index < len(o.chunks) {
		return false
	}
	if c.Index > len(o.chunks) {
		if _, there := o.ahead[c.Index]; there {
			return false
		}
		if o.ahead == nil {
			o.ahead = make(map[int]piece)
		}
		o.ahead[c.Index] = p
		o.bytes += int64(len(c.Data))
		return true
	}
	// Readers see no further than the length that they were given, so the array may grow in place.
	seen := o.progress.Load().Chunks
	o.bytes += int64(len(c.Data))
	for there := true; there; {
		o.chunks = append(o.chunks, p)
		seen = append(seen, p.data)
		p, there = o.ahead[len(o.chunks)]
		delete(o.ahead, len(o.chunks))
	}
	o.progress.Store(&Progress{Chunks: seen})
	return true
}

// whole tells whether the end and all chunks are there.
func (o *Open) whole() bool { return o.end != nil && len(o.chunks) >= o.end.Chunks }

// held is how many chunks there are.
func (o *Open) held() int { return len(o.chunks) + len(o.ahead) }

// close makes the segment of what is there, which must be whole. It is false where size or checksum disagree: then the
// segment is a gap.
func (o *Open) close(table *crc32.Table) bool {
	if o.end.Gap() {
		ok := o.held() == 0
		o.become(gap(*o.end))
		return ok
	}
	if o.held() != o.end.Chunks || o.bytes != o.end.Bytes {
		o.become(gap(*o.end))
		return false
	}
	sum := uint32(0)
	for _, c := range o.chunks {
		sum = crc32.Update(sum, table, c.data)
	}
	if sum != o.end.Checksum {
		o.become(gap(*o.end))
		return false
	}
	o.become(o.join())
	return true
}

// join makes one slice of exactly the segment's size; the chunks become parts of it. A single chunk that has its memory to itself is
// taken as it is.
func (o *Open) join() *media.Segment {
	s := &media.Segment{SegmentEnd: *o.end, Parts: make([]media.Part, len(o.chunks))}
	if first := o.chunks[0].data; len(o.chunks) == 1 && cap(first) == len(first) {
		s.Data = first
	} else {
		s.Data = make([]byte, 0, o.bytes)
		for _, c := range o.chunks {
			s.Data = append(s.Data, c.data...)
		}
	}
	offset := 0
	for i, c := range o.chunks {
		s.Parts[i] = media.Part{Offset: offset, Size: len(c.data), Duration: c.duration, Independent: c.independent}
		offset += len(c.data)
	}
	return s
}

// become ends the segment's making. The chunks are let go of: who reads on reads parts of the segment.
func (o *Open) become(s *media.Segment) {
	o.done = s
	o.chunks, o.ahead = nil, nil
	p := &Progress{Segment: s}
	if s.Data != nil {
		p.Chunks = make([][]byte, len(s.Parts))
		for i := range s.Parts {
			p.Chunks[i] = Part(s, i)
		}
	}
	o.progress.Store(p)
}

// abandon ends the segment's making without a segment.
func (o *Open) abandon() {
	if o.done == nil {
		o.chunks, o.ahead = nil, nil
		o.progress.Store(&Progress{GivenUp: true})
	}
}

// gap is a segment without media in the place of e.
func gap(e media.SegmentEnd) *media.Segment {
	e.Chunks, e.Bytes, e.Checksum = 0, 0, 0
	return &media.Segment{SegmentEnd: e}
}

// Part is the bytes of one chunk of a segment, nil where it has no such chunk.
func Part(s *media.Segment, index int) []byte {
	if index < 0 || index >= len(s.Parts) {
		return nil
	}
	p := s.Parts[index]
	end := p.Offset + p.Size
	return s.Data[p.Offset:end:end]
}
