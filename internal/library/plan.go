package library

import (
	"slices"

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
	offset, size int64 // in the file
	load         *load
	at           int64 // in the segment
}

// load is a segment that a plan reads.
type load struct {
	segment vod.Segment
	flight  *flight
}

// plan is the reads that make a segment, and those of the others that it makes complete without one read more: whatever lies wholly between what is
// read anyway. want tells which of the others are of any use. Others come in the order in which they are given.
func plan(first *load, others []*load, gap int64, want func(*load) bool) (reads []read, made []*load) {
	made = []*load{first}
	at := int64(len(first.segment.Head))
	rising := true
	for _, s := range first.segment.Spans {
		p := piece{offset: s.Offset, size: s.Length, load: first, at: at}
		at += s.Length
		if n := len(reads); n > 0 {
			r := &reads[n-1]
			end := r.offset + r.size
			rising = rising && (s.File != r.file || s.Offset >= end)
			if s.File == r.file && s.Offset >= end && s.Offset-end <= gap && s.Offset+s.Length-r.offset <= maxRead {
				r.size = s.Offset + s.Length - r.offset
				r.pieces = append(r.pieces, p)
				continue
			}
		}
		reads = append(reads, read{file: s.File, offset: s.Offset, size: s.Length, pieces: []piece{p}})
	}
	if !rising {
		return reads, made
	}
	for _, l := range others {
		if with := beside(reads, l); with != nil && want(l) {
			reads, made = with, append(made, l)
		}
	}
	return reads, made
}

// beside is the reads with the pieces of another segment in them, nil where they do not have all of it, or have it for somebody else.
func beside(reads []read, l *load) []read {
	with := slices.Clone(reads)
	cloned := make([]bool, len(reads))
	at, k := int64(len(l.segment.Head)), 0
	for _, s := range l.segment.Spans {
		for k < len(with) && (with[k].file != s.File || with[k].offset+with[k].size < s.Offset+s.Length) {
			k++
		}
		if k == len(with) || s.Offset < with[k].offset {
			return nil
		}
		if !cloned[k] {
			with[k].pieces, cloned[k] = slices.Clone(with[k].pieces), true
		}
		ps := with[k].pieces
		i, _ := slices.BinarySearchFunc(ps, s.Offset, func(p piece, offset int64) int {
			if p.offset < offset {
				return -1
			}
			return 1
		})
		if i > 0 && ps[i-1].offset+ps[i-1].size > s.Offset || i < len(ps) && ps[i].offset < s.Offset+s.Length {
			return nil
		}
		with[k].pieces = slices.Insert(ps, i, piece{offset: s.Offset, size: s.Length, load: l, at: at})
		at += s.Length
	}
	return with
}
