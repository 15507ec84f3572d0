package library

import (
	"weir/packager/vod"
)

// Bounds of how stretches of a file are read in one go.
const (
	// What lies between two stretches is read with them where it is at most this many bytes: asking anew costs more.
	nearGap = 32 << 10  // on a disk
	farGap  = 512 << 10 // over the network
	// maxRead is how long such a read may become by that.
	maxRead = 64 << 20
)

// read is what is read of a file in one go.
type read struct {
	file         int
	offset, size int64
	pieces       []piece // of it, rising
}

// piece is a stretch of a read that belongs into a segment.
type piece struct {
	file         int
	offset, size int64 // in the file
	load         *load
	at           int64 // in the segment
}

// load is a segment that a plan reads.
type load struct {
	segment vod.Segment
	flight  *flight
	told    int64 // bytes of it that those who wait for it know of; of the goroutine that reads
}

// note takes in that the bytes up to n are there. Those who wait are told of each block, and of the end.
func (l *load) note(n int64) {
	if n-l.told >= blockSize || n == l.segment.Size {
		l.flight.fill(int(n))
		l.told = n
	}
}

// plan is the reads that make a segment, and those of the others that can be made with it where that costs little: at most half of what it would
// cost to read them alone, or an eighth of what is read for the first in bytes, and half in reads. What lies between is read anyway. want tells
// which of the others are of any use. Others come in the order in which they are given.
func plan(first *load, others []*load, gap int64, want func(*load) bool) (reads []read, made []*load) {
	made = []*load{first}
	pieces := first.pieces()
	reads = joined(pieces, gap)
	little := total(reads) + total(reads)/8
	if !rising(pieces) {
		return reads, made
	}
	for _, l := range others {
		more := l.pieces()
		if !rising(more) {
			continue
		}
		all := merged(pieces, more)
		if !rising(all) {
			continue
		}
		with, alone := joined(all, gap), joined(more, gap)
		size := total(with)
		if 2*(len(with)-len(reads)) <= len(alone) && (size <= little || 2*(size-total(reads)) <= total(alone)) && want(l) {
			pieces, reads, made = all, with, append(made, l)
		}
	}
	return reads, made
}

// pieces are all that is read for a segment.
func (l *load) pieces() []piece {
	all := make([]piece, len(l.segment.Spans))
	at := int64(len(l.segment.Head))
	for i, s := range l.segment.Spans {
		all[i] = piece{file: s.File, offset: s.Offset, size: s.Length, load: l, at: at}
		at += s.Length
	}
	return all
}

// rising tells whether pieces lie one behind the other in one file.
func rising(pieces []piece) bool {
	for i := 1; i < len(pieces); i++ {
		before := &pieces[i-1]
		if pieces[i].file != before.file || pieces[i].offset < before.offset+before.size {
			return false
		}
	}
	return true
}

// merged is two lists of rising pieces as one, by where the pieces begin.
func merged(a, b []piece) []piece {
	all := make([]piece, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		from := &a
		if b[0].offset < a[0].offset {
			from = &b
		}
		all = append(all, (*from)[0])
		*from = (*from)[1:]
	}
	return append(append(all, a...), b...)
}

// joined is the reads of pieces, in their order: one for those between which there is not much.
func joined(pieces []piece, gap int64) (reads []read) {
	for i, p := range pieces {
		if n := len(reads); n > 0 {
			r := &reads[n-1]
			end := r.offset + r.size
			if p.file == r.file && p.offset >= end && p.offset-end <= gap && p.offset+p.size-r.offset <= maxRead {
				r.size = p.offset + p.size - r.offset
				r.pieces = r.pieces[:len(r.pieces)+1]
				continue
			}
		}
		reads = append(reads, read{file: p.file, offset: p.offset, size: p.size, pieces: pieces[i : i+1]})
	}
	return reads
}

// total is how many bytes are read.
func total(reads []read) (sum int64) {
	for i := range reads {
		sum += reads[i].size
	}
	return sum
}
