package vod

import (
	"encoding/binary"
	"iter"
	"sort"
)

// A Table has its samples packed, one behind the other, in blocks that can be read alone:
//
//	uvarint: size << 3 | flags
//	flagJump: varint, how far behind the end of the sample before it lies
//	flagTurn: uvarint, 0: duration (uvarint) and composition offset (varint) follow; else the place, plus 1, of an earlier pair of them
//
// Durations and offsets of successive samples take turns in patterns, those of the pictures that encoders reorder: which pair comes next is
// guessed by what followed the same pair last time, so that it mostly costs nothing.
const (
	flagSync = 1 << iota // the sample is a sync sample
	flagJump             // it does not begin where the one before it ends
	flagTurn             // duration and offset are not what was guessed
	flagBits = 3
)

const (
	blockSamples = 128
	maxPairs     = 16 // that are remembered in a block
)

// Table is the samples of a track in decoding order. It has no pointers but one to all of its bytes, about five a sample.
type Table struct {
	packed []byte
	blocks []block
	count  int
	stats  Stats
}

// block is what is known at every 128th sample.
type block struct {
	dts    int64
	offset int64
	at     uint32 // in packed
}

// blockBytes is what a block takes.
const blockBytes = 24

// Stats is what is known of all samples of a table together. Times are in ticks of the track, before Track.Shift.
type Stats struct {
	Bytes      int64 // sum of their sizes
	Syncs      int   // how many are sync samples
	Start, End int64 // decoding: of the first sample, and after the last
	First      int64 // earliest presentation time
	Last       int64 // latest presentation time, and the duration of that sample
	Ahead      int64 // by how much a sample is presented before it is decoded, at most; 0: none is
}

// Len is how many samples there are.
func (t *Table) Len() int { return t.count }

// Stats is what is known of all samples together.
func (t *Table) Stats() Stats { return t.stats }

// Memory is how many bytes the table takes.
func (t *Table) Memory() int { return len(t.packed) + blockBytes*len(t.blocks) }

// Find is the place of the first sample whose decoding time is not before dts; Len where there is none. It reads a block.
func (t *Table) Find(dts int64) int {
	k := sort.Search(len(t.blocks), func(i int) bool { return t.blocks[i].dts >= dts }) - 1
	from := max(k, 0) * blockSamples
	for i, s := range t.Samples(from, min(from+blockSamples, t.count)) {
		if s.DTS >= dts {
			return i
		}
	}
	return min(from+blockSamples, t.count)
}

// Samples are those from ≤ i < to, in decoding order. Finding the first one costs a block.
func (t *Table) Samples(from, to int) iter.Seq2[int, Sample] {
	return func(yield func(int, Sample) bool) {
		from, to = max(from, 0), min(to, t.count)
		if from >= to {
			return
		}
		c := cursor{t: t, at: from / blockSamples * blockSamples}
		for c.at < to {
			i := c.at
			if s := c.next(); i >= from && !yield(i, s) {
				return
			}
		}
	}
}

// cursor reads a table from a block on.
type cursor struct {
	t      *Table
	at     int // the sample that comes next
	rest   []byte
	dts    int64
	offset int64 // where the sample before it ends
	turns  turns
}

// next is the next sample, which there must be.
func (c *cursor) next() Sample {
	if c.at%blockSamples == 0 {
		b := &c.t.blocks[c.at/blockSamples]
		c.rest, c.dts, c.offset = c.t.packed[b.at:], b.dts, b.offset
		c.turns.reset()
	}
	head := c.uvarint()
	if head&flagJump != 0 {
		c.offset += c.varint()
	}
	p := c.turns.guess()
	if head&flagTurn != 0 {
		if place := c.uvarint(); place > 0 {
			p = c.turns.pairs[(place-1)%maxPairs]
		} else {
			p = pair{duration: uint32(c.uvarint()), cts: int32(c.varint())}
		}
	}
	c.turns.take(p)
	s := Sample{
		Offset: c.offset, Size: uint32(head >> flagBits), DTS: c.dts, CTS: p.cts, Duration: p.duration, Sync: head&flagSync != 0,
	}
	c.offset = s.End()
	c.dts += int64(p.duration)
	c.at++
	return s
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	c.rest = c.rest[n:]
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.rest)
	c.rest = c.rest[n:]
	return v
}
