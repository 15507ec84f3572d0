package movie

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"weir/internal/media"
)

// strand is what becomes one trak: all samples of a track that one decoder and one timescale can play. A track that changes its codec
// or its timescale from one run to the next has a strand for each.
type strand struct {
	track   media.Track
	headers []*header // that its runs had; the first is what trak is made of
	entries int       // sample entries of all of them

	base    media.Ticks // decoding time of the first sample: 0 on the media's own timeline
	last    placed      // the newest sample, which lasts until the next
	begun   bool
	samples *table // one record of 12 bytes a sample: delta, offset, size and in its highest bit whether it is a sync sample
	chunk   chunk  // the open one
	chunks  *table // see chunk.put
	offsets *table // where each chunk begins in the mdat's payload; made by Finish

	count          int64  // samples
	syncs          int64  // of which decoding can start at
	deltas, shifts tally  // entries of stts and ctts
	groups         groups // entries of stsc
	duration       int64  // sum of all deltas
	first, end     int64  // when the first sample is presented and when the last has been, on the media's own timeline
	least, most    int64  // offsets
	nChunks        int64
	payload        int64
}

// placed is a sample with the decoding time that it has in the movie, which is another than its own only where runs overlap.
type placed struct {
	dts      media.Ticks
	offset   int64
	duration uint32
	size     uint32
	sync     bool
}

// tally counts the entries of a table that has equal values that follow each other in one.
type tally struct {
	entries int64
	value   int64
}

func (t *tally) add(v int64) {
	if t.entries == 0 || v != t.value {
		t.entries++
		t.value = v
	}
}

// groups does the same for stsc, where two values have to be equal.
type groups struct {
	entries            int64
	samples, entryUsed uint32
}

func (g *groups) add(c *chunk) bool {
	if g.entries > 0 && c.samples == g.samples && c.entry == g.entryUsed {
		return false
	}
	g.entries++
	g.samples, g.entryUsed = c.samples, c.entry
	return true
}

// chunkDuration is how long a chunk lasts at least: tracks are interleaved by it.
const chunkDuration = 500 * time.Millisecond

// chunk is samples that lie one behind the other in the mdat (ISO/IEC 14496-12, 8.7.4).
type chunk struct {
	start   media.Ticks
	samples uint32
	entry   uint32 // sample entry, from 1
	pieces  []piece
}

// piece is a stretch of a source.
type piece struct {
	at     int64
	length uint32
}

// maxPiece is how long a piece may be: its length stands in 32 bits.
const maxPiece = math.MaxUint32

func newStrand(dir string, t media.Track) (*strand, error) {
	s := &strand{track: t}
	for _, to := range []**table{&s.samples, &s.chunks, &s.offsets} {
		var err error
		if *to, err = newTable(dir); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *strand) close() {
	for _, t := range []*table{s.samples, s.chunks, s.offsets} {
		if t != nil {
			_ = t.close() // it has no name any more
		}
	}
}

// entry is the number of the sample entry for samples that need the header, from 1.
func (s *strand) entry(data []byte) (*header, uint32, error) {
	at := 1
	for _, h := range s.headers {
		if bytes.Equal(h.data, data) {
			return h, uint32(at), nil
		}
		at += len(h.entries)
	}
	h, err := parseHeader(data)
	if err != nil {
		return nil, 0, fmt.Errorf("header of track %s: %w", s.track.Name, err)
	}
	if h.timescale != s.track.Timescale {
		return nil, 0, malformed("header of track %s: timescale %d instead of %d", s.track.Name, h.timescale, s.track.Timescale)
	}
	if s.entries += len(h.entries); len(s.headers) >= maxHeaders {
		return nil, 0, malformed("track %s has more than %d headers", s.track.Name, maxHeaders)
	}
	s.headers = append(s.headers, h)
	return h, uint32(at), nil
}

// maxHeaders is how many different headers a strand may have.
const maxHeaders = 4096

// add takes the next sample, whose bytes lie at position at of the strand's source.
func (s *strand) add(in sample, entry uint32, at int64) error {
	p := placed{dts: in.dts, offset: in.offset, duration: in.duration, size: in.size, sync: in.sync}
	if s.begun {
		// Decoding times rise. A run whose first pictures are decoded long before they are shown may begin to decode before the last
		// picture of the run before it: then they are decoded later, and shown when they were to be.
		if p.dts <= s.last.dts {
			p.dts = s.last.dts + 1
			p.offset -= int64(p.dts - in.dts)
		}
		if err := s.emit(int64(p.dts - s.last.dts)); err != nil {
			return err
		}
	} else {
		s.begun, s.base = true, p.dts
		s.first, s.end = math.MaxInt64, math.MinInt64
		s.least, s.most = p.offset, p.offset
	}
	s.last = p
	shown := int64(p.dts-s.base) + p.offset
	s.first, s.end = min(s.first, shown), max(s.end, shown+int64(p.duration))
	s.least, s.most = min(s.least, p.offset), max(s.most, p.offset)
	if c := &s.chunk; c.samples > 0 && (c.entry != entry || (p.dts-c.start).Duration(s.track.Timescale) >= chunkDuration) {
		if err := s.closeChunk(); err != nil {
			return err
		}
	}
	s.place(p, entry, at)
	return nil
}

// emit stores the newest sample, which lasts for delta.
func (s *strand) emit(delta int64) error {
	if !fits32(delta) {
		return fmt.Errorf("track %s has nothing for %v: %w", s.track.Name, media.Ticks(delta).Duration(s.track.Timescale), ErrHole)
	}
	p := &s.last
	if int64(int32(p.offset)) != p.offset {
		return malformed("track %s: a sample is shown %d ticks from when it is decoded", s.track.Name, p.offset)
	}
	size := p.size
	if p.sync {
		size |= syncMark
		s.syncs++
	}
	s.count++
	s.deltas.add(delta)
	s.shifts.add(p.offset)
	s.duration += delta
	return s.samples.put(uint32(delta), uint32(int32(p.offset)), size)
}

// syncMark is the highest bit of a stored size.
const syncMark = 1 << 31

// place puts a sample into the open chunk.
func (s *strand) place(p placed, entry uint32, at int64) {
	c := &s.chunk
	if c.samples == 0 {
		c.start, c.entry = p.dts, entry
	}
	c.samples++
	s.payload += int64(p.size)
	if n := len(c.pieces); n > 0 {
		if last := &c.pieces[n-1]; last.at+int64(last.length) == at && int64(last.length)+int64(p.size) <= maxPiece {
			last.length += p.size
			return
		}
	}
	if p.size > 0 {
		c.pieces = append(c.pieces, piece{at: at, length: p.size})
	}
}

// closeChunk stores the open chunk: when it starts, its samples and sample entry, and its pieces.
func (s *strand) closeChunk() error {
	c := &s.chunk
	err := s.chunks.putLong(uint64(c.start))
	if err == nil {
		err = s.chunks.put(c.samples, c.entry, uint32(len(c.pieces)))
	}
	for _, p := range c.pieces {
		if err == nil {
			err = s.chunks.putLong(uint64(p.at))
		}
		if err == nil {
			err = s.chunks.put(p.length)
		}
	}
	s.groups.add(c)
	s.nChunks++
	c.samples, c.pieces = 0, c.pieces[:0]
	return err
}

// readChunk reads what closeChunk stored, into c.
func readChunk(r *tableReader, c *chunk) error {
	start, err := r.u64()
	c.start = media.Ticks(start)
	n := uint32(0)
	for _, to := range []*uint32{&c.samples, &c.entry, &n} {
		if err == nil {
			*to, err = r.u32()
		}
	}
	c.pieces = c.pieces[:0]
	for range n {
		var p piece
		var at uint64
		if err == nil {
			at, err = r.u64()
			p.at = int64(at)
		}
		if err == nil {
			p.length, err = r.u32()
		}
		if err != nil {
			break
		}
		c.pieces = append(c.pieces, p)
	}
	return err
}

// finish stores what is still open.
func (s *strand) finish() error {
	if err := s.emit(int64(s.last.duration)); err != nil {
		return err
	}
	return s.closeChunk()
}
