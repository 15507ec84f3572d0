package window

import (
	"bytes"
	"hash/crc32"
	"slices"
	"sync/atomic"
	"time"

	"weir/internal/media"
)

// Open is a segment of one track on its way: readers follow it by Progress, the window's writer adds to it.
type Open struct {
	progress atomic.Pointer[Progress]

	// What follows belongs to the window's writer.
	chunks [][]byte          // from the first on, without holes
	parts  []media.Part      // beside them
	first  media.Ticks       // where the first of them begins, by decoding time
	ahead  map[int]piece     // by index: those that came before one that stands before them
	bytes  int64             // of all that are there
	wall   time.Time         // of its first message
	anchor media.Anchor      // likewise
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
	data []byte
	part media.Part // its place is not known yet
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
	p := piece{data: c.Data, part: media.Part{Size: len(c.Data), Duration: c.Duration, Independent: c.Independent}}
	if c.Independent && c.Key > 0 && c.Key <= len(c.Data) {
		p.part.Key = c.Key
	}
	if c.Index < len(o.chunks) {
		return false
	}
	if _, there := o.ahead[c.Index]; there {
		return false
	}
	if c.Index == 0 {
		o.first = c.Start
	}
	o.tell(c.Wall, c.Anchor)
	o.bytes += int64(len(c.Data))
	if c.Index > len(o.chunks) {
		if o.ahead == nil {
			o.ahead = make(map[int]piece)
		}
		o.ahead[c.Index] = p
		return true
	}
	// Readers see no further than the length that they were given, so the arrays may grow in place.
	for there := true; there; {
		if n := len(o.parts); n > 0 {
			p.part.Offset = o.parts[n-1].Offset + o.parts[n-1].Size
		}
		o.chunks, o.parts = append(o.chunks, p.data), append(o.parts, p.part)
		p, there = o.ahead[len(o.chunks)]
		delete(o.ahead, len(o.chunks))
	}
	o.progress.Store(&Progress{Chunks: o.chunks})
	return true
}

// expect takes in the segment's end.
func (o *Open) expect(e media.SegmentEnd) {
	o.end = &e
	o.tell(e.Wall, e.Anchor)
}

// tell notes what a message says of the row.
func (o *Open) tell(wall time.Time, anchor media.Anchor) {
	if o.wall.IsZero() {
		o.wall = wall
	}
	if o.anchor == (media.Anchor{}) {
		o.anchor = anchor
	}
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
		sum = crc32.Update(sum, table, c)
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
	s := &media.Segment{SegmentEnd: *o.end, Parts: o.parts[:len(o.parts):len(o.parts)]}
	if first := o.chunks[0]; len(o.chunks) == 1 && cap(first) == len(first) {
		s.Data = first
		return s
	}
	s.Data = make([]byte, 0, o.bytes)
	for _, c := range o.chunks {
		s.Data = append(s.Data, c...)
	}
	return s
}

// become ends the segment's making. The chunks are let go of: who reads on reads parts of the segment.
func (o *Open) become(s *media.Segment) {
	o.done = s
	o.chunks, o.parts, o.ahead = nil, nil, nil
	p := &Progress{Segment: s}
	if s.Data != nil {
		p.Chunks = make([][]byte, len(s.Parts))
		for i := range s.Parts {
			p.Chunks[i] = Part(s, i)
		}
	}
	o.progress.Store(p)
}

// upTo is a segment on its way with those chunks of o that are before that index, without its end.
func (o *Open) upTo(index int) *Open {
	kept := newOpen()
	kept.first, kept.wall, kept.anchor = o.first, o.wall, o.anchor
	chunks, parts := o.chunks, o.parts
	if s := o.done; s != nil && s.Data != nil {
		parts = s.Parts
		var data []byte
		if n := min(index, len(parts)); n > 0 { // what is kept must not hold on to all of it
			data = bytes.Clone(s.Data[:parts[n-1].Offset+parts[n-1].Size])
		}
		for i := range min(index, len(parts)) {
			chunks = append(chunks, data[parts[i].Offset:][:parts[i].Size])
		}
	}
	n := min(index, len(chunks))
	kept.chunks, kept.parts = slices.Clone(chunks[:n]), slices.Clone(parts[:n])
	for _, c := range kept.chunks {
		kept.bytes += int64(len(c))
	}
	for i, p := range o.ahead {
		if i < index {
			if kept.ahead == nil {
				kept.ahead = make(map[int]piece)
			}
			kept.ahead[i] = p
			kept.bytes += int64(len(p.data))
		}
	}
	kept.progress.Store(&Progress{Chunks: kept.chunks})
	return kept
}

// reaches tells whether there is anything of the segment from that chunk on.
func (o *Open) reaches(index int) bool {
	if o.end != nil || o.done != nil || len(o.chunks) > index {
		return true
	}
	for i := range o.ahead {
		if i >= index {
			return true
		}
	}
	return false
}

// empty tells whether nothing of the segment has come.
func (o *Open) empty() bool { return o.end == nil && o.done == nil && o.held() == 0 }

// reopened is a segment of a row that was listed, as it was before that.
func reopened(s *media.Segment) *Open {
	o := newOpen()
	o.first, o.wall, o.anchor, o.end = s.Start, s.Wall, s.Anchor, &s.SegmentEnd
	o.bytes = int64(len(s.Data))
	o.become(s)
	return o
}

// abandon ends the segment's making without a segment.
func (o *Open) abandon() {
	if o.done == nil {
		o.chunks, o.parts, o.ahead = nil, nil, nil
		o.progress.Store(&Progress{GivenUp: true})
	}
}

// gap is a segment without media in the place of e.
func gap(e media.SegmentEnd) *media.Segment {
	e.Chunks, e.Bytes, e.Checksum, e.Keys = 0, 0, 0, media.Keys{}
	return &media.Segment{SegmentEnd: e}
}

// Part is the bytes of one chunk of a segment, nil where it has no such chunk, or is not at hand.
func Part(s *media.Segment, index int) []byte {
	if index < 0 || index >= len(s.Parts) || s.Data == nil {
		return nil
	}
	p := s.Parts[index]
	end := p.Offset + p.Size
	return s.Data[p.Offset:end:end]
}
