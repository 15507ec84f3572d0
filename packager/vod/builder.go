package vod

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Bounds on what files may hold.
const (
	maxSample  = 64 << 20  // bytes
	maxSamples = 16 << 20  // of a track: 77 hours at 60 a second
	maxTime    = 1 << 53   // ticks
	maxCTS     = 1<<31 - 1 // ticks
)

// builder packs a track's samples. It is what readers of files hand them to, in decoding order.
type builder struct {
	table Table
	size  int64 // of the file
	name  string
	held  Sample // the last that was added, whose duration is not known
	some  bool
	turns turns
	end   int64 // where the sample before the one that is held lies no more
}

// newBuilder packs the samples of a track of a file of that size. The name is that of the track in errors, such as "track 2".
func newBuilder(size int64, name string) *builder { return &builder{size: size, name: name} }

// add takes a sample. Its decoding time must not be before that of the one before it, which lasts until there. The error wraps ErrFile.
func (b *builder) add(s Sample) error {
	t := &b.table
	n := t.count + 1
	if b.some {
		n++
	}
	switch {
	case s.Size == 0 || s.Size > maxSample:
		return fmt.Errorf("%w: sample %d of %s has %d bytes", ErrFile, n, b.name, s.Size)
	case s.Offset < 0 || s.Offset > b.size-int64(s.Size):
		return fmt.Errorf("%w: sample %d of %s, %d bytes at %d, lies outside of the file of %d bytes: it is cut off",
			ErrFile, n, b.name, s.Size, s.Offset, b.size)
	case n > maxSamples || t.stats.Bytes+int64(s.Size) > b.size:
		return fmt.Errorf("%w: %s has more than %d samples or more bytes than the file", ErrFile, b.name, n-1)
	case s.DTS > maxTime || s.DTS < -maxTime || s.Duration > maxCTS:
		return fmt.Errorf("%w: sample %d of %s is decoded at %d for %d ticks", ErrFile, n, b.name, s.DTS, s.Duration)
	case b.some && (s.DTS < b.held.DTS || s.DTS-b.held.DTS > math.MaxUint32):
		return fmt.Errorf("%w: sample %d of %s is decoded at %d, the one before it at %d", ErrFile, n, b.name, s.DTS, b.held.DTS)
	}
	if b.some {
		b.pack(uint32(s.DTS - b.held.DTS))
	}
	t.stats.Bytes += int64(s.Size)
	b.held, b.some = s, true
	return nil
}

// len is how many samples were added.
func (b *builder) len() int {
	if b.some {
		return b.table.count + 1
	}
	return b.table.count
}

// pack puts the sample that is held behind the others.
func (b *builder) pack(duration uint32) {
	t, s := &b.table, &b.held
	p := pair{duration: duration, cts: s.CTS}
	if t.count%blockSamples == 0 {
		t.blocks = append(t.blocks, block{dts: s.DTS, offset: s.Offset, at: uint32(len(t.packed))})
		b.end = s.Offset
		b.turns.reset()
	}
	head := uint64(s.Size) << flagBits
	if s.Sync {
		head |= flagSync
		t.stats.Syncs++
	}
	if s.Offset != b.end {
		head |= flagJump
	}
	turn := p != b.turns.guess()
	if turn {
		head |= flagTurn
	}
	t.packed = binary.AppendUvarint(t.packed, head)
	if s.Offset != b.end {
		t.packed = binary.AppendVarint(t.packed, s.Offset-b.end)
	}
	if turn {
		place := b.turns.place(p) + 1
		if t.packed = binary.AppendUvarint(t.packed, uint64(place)); place == 0 {
			t.packed = binary.AppendUvarint(t.packed, uint64(p.duration))
			t.packed = binary.AppendVarint(t.packed, int64(p.cts))
		}
	}
	b.turns.take(p)
	b.end = s.End()
	st := &t.stats
	if t.count == 0 {
		st.Start, st.First, st.Last = s.DTS, s.PTS(), s.PTS()+int64(duration)
	}
	st.First, st.Last = min(st.First, s.PTS()), max(st.Last, s.PTS()+int64(duration))
	st.Ahead = max(st.Ahead, -int64(s.CTS))
	st.End = s.DTS + int64(duration)
	t.count++
}

// done is the table of all that was added. The builder is of no use any more.
func (b *builder) done() Table {
	if b.some {
		b.pack(b.held.Duration)
	}
	t := b.table
	t.packed = append(make([]byte, 0, len(t.packed)), t.packed...)
	t.blocks = append(make([]block, 0, len(t.blocks)), t.blocks...)
	return t
}
