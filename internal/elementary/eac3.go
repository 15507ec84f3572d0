package elementary

import (
	"fmt"

	"weir/internal/media"
)

// EAC3 finds access units of E-AC-3 as MP4 has them (ETSI TS 102 366, F.5): six blocks of the first independent substream, each
// frame of it with those that depend on it.
type EAC3 struct{}

// maxUnit bounds an access unit: six frames of one block with some dependent ones each.
const maxUnit = 64 << 10

// Most is as large as an access unit may get.
func (EAC3) Most() int { return maxUnit }

// eac3Frame is a sync frame's header (ETSI TS 102 366, E.1.2).
type eac3Frame struct {
	kind, substream  uint32
	size, blocks     int
	fscod            uint32
	bsid, acmod, lfe uint32
	chanmap          uint32 // of a dependent substream; 0 where it has none
}

func readEAC3(b []byte) (f eac3Frame, err error) {
	if len(b) > 0 && b[0] != 0x0b || len(b) > 1 && b[1] != 0x77 {
		return f, ErrNoSync
	}
	if len(b) < 16 {
		return f, ErrShort
	}
	r := bitReader{data: b[:16], pos: 16}
	f.kind, f.substream = r.take(2), r.take(3)
	f.size = int(r.take(11)+1) * 2
	f.fscod = r.take(2)
	blocks := r.take(2)
	f.acmod, f.lfe, f.bsid = r.take(3), r.take(1), r.take(5)
	if f.bsid <= 10 || f.bsid > 16 || f.kind == 3 {
		return f, ErrNoSync
	}
	if f.fscod == 3 {
		return f, fmt.Errorf("%w: E-AC-3 at reduced sample rates", ErrUnsupported)
	}
	f.blocks = [...]int{1, 2, 3, 6}[blocks]
	for range 1 + b2i(f.acmod == 0) {
		r.skip(5)
		if r.flag() {
			r.skip(8)
		}
	}
	if f.kind == 1 && r.flag() {
		f.chanmap = r.take(16)
	}
	return f, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// locations makes a dec3 box's chan_loc (table F.6.1) of a chanmap (table E.1.5): bits 5 to 10 and 12 of it, left first, and LFE2.
func locations(chanmap uint32) uint32 {
	bit := func(n int) uint32 { return chanmap >> (15 - n) & 1 }
	var loc uint32
	for at, from := range [...]int{5, 6, 7, 8, 9, 10, 11, 12, 14} {
		loc |= bit(from) << at
	}
	return loc
}

// Next reads an access unit. Where the next frame is not there, the unit is taken to end with what is.
func (EAC3) Next(b []byte) (Frame, error) {
	var f Frame
	var first eac3Frame
	var loc uint32
	dependents, blocks, bytes := 0, 0, 0
	for f.Size < len(b) {
		h, err := readEAC3(b[f.Size:])
		if err != nil && f.Size > 0 && blocks == 6 {
			break // the unit is whole, what follows is no part of it
		}
		if err != nil {
			return Frame{Size: max(f.Size, 2)}, err
		}
		if f.Size+h.size > maxUnit {
			return Frame{}, ErrNoSync
		}
		main := h.kind != 1 && h.substream == 0
		switch {
		case f.Size == 0 && !main:
			return Frame{}, ErrNoSync // the middle of a unit
		case main && blocks == 6:
			f.Payload = [][]byte{b[:f.Size]}
			return f.eac3(first, dependents, loc, bytes), nil
		case main && blocks+h.blocks > 6:
			return Frame{}, ErrNoSync
		case main:
			if blocks == 0 {
				first = h
			}
			blocks += h.blocks
			bytes += h.size
		case h.kind == 1 && blocks == first.blocks:
			dependents++
			loc |= locations(h.chanmap)
			bytes += h.size
		}
		if f.Size+h.size > len(b) {
			return Frame{}, ErrShort
		}
		f.Size += h.size
	}
	if blocks != 6 {
		return Frame{}, ErrShort
	}
	f.Payload = [][]byte{b[:f.Size]}
	return f.eac3(first, dependents, loc, bytes), nil
}

// eac3 adds what the header says: the body of a dec3 box (ETSI TS 102 366, F.6).
func (f Frame) eac3(h eac3Frame, dependents int, loc uint32, bytes int) Frame {
	f.Samples, f.Rate = 1536, ac3Rates[h.fscod]
	kbps := uint32(min(bytes*8*f.Rate/1536/1000, 1<<13-1))
	// fscod 2, bsid 5, reserved 1, asvc 1, bsmod 3, acmod 3, lfeon 1; then reserved 3, num_dep_sub 4
	head := h.fscod<<14 | h.bsid<<9 | h.acmod<<1 | h.lfe
	cfg := []byte{byte(kbps >> 5), byte(kbps << 3), byte(head >> 8), byte(head), byte(min(dependents, 15) << 1)}
	if dependents > 0 {
		cfg[4] |= byte(loc >> 8 & 1)
		cfg = append(cfg, byte(loc))
	}
	f.Format = media.Format{Codec: media.EAC3, Config: cfg}
	return f
}
