package vod

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"

	"weir/internal/isobmff"
)

// Bounds on MP4 files.
const (
	maxMoov   = 128 << 20 // bytes: it is held in memory while it is read
	maxMoof   = 16 << 20
	maxBoxes  = 1 << 20 // at the top level
	maxTracks = 64

	tailRange = 16 << 20 // what is read at once of a file's end
	nextRange = 1 << 20  // and in the middle of it
)

// isMP4 tells whether a file begins with a box that MP4 and QuickTime files begin with.
func isMP4(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	return slices.Contains([]string{
		"ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot", "pdin", "uuid", "sidx", "emsg", "prft", "moof",
	}, string(head[4:8]))
}

// movie is an MP4 file while it is read (ISO/IEC 14496-12).
type movie struct {
	w          *window
	sum        hash.Hash
	scale      uint32 // of mvhd
	fragmented bool   // there is an mvex: fragments may follow
	defaults   []trex
	traks      []*trak
	problem    string

	fragments int
	before    int64 // where the last moof lies
	distance  int64 // from the one before to it
	largest   int64 // size of the largest moof
	counted   uint64
	hints     []int64 // where moofs are said to be
	hinted    bool    // hints are all that there are, in order
}

// topBox is where a box lies in the file.
type topBox struct {
	name         string
	offset       int64
	header, size int64 // size is with the header
	cut          bool  // the file ends within it
}

// readMP4 indexes an MP4 file, progressive, fragmented or both.
func readMP4(w *window) (*Index, error) {
	m := &movie{w: w, sum: sha256.New()}
	m.sum.Write(binary.BigEndian.AppendUint64(nil, uint64(w.f.Size())))
	head, err := w.bytes(0, min(w.f.Size(), firstRange), 0)
	if err != nil {
		return nil, err
	}
	m.sum.Write(head)
	if err := m.walk(); err != nil {
		return nil, err
	}
	x := &Index{Container: "MP4", Problem: m.problem}
	if m.fragments > 0 {
		x.Container = "fragmented MP4"
	}
	for _, t := range m.traks {
		track, err := t.finish(m)
		if err != nil {
			return nil, err
		}
		x.Tracks = append(x.Tracks, track)
	}
	m.sum.Sum(x.sum[:0])
	return x, nil
}

// walk goes over the boxes at the top level, as far as there may be samples in them.
func (m *movie) walk() error {
	size, found := m.w.f.Size(), false
	ahead := func(offset int64) int64 {
		if size-offset <= tailRange {
			return tailRange
		}
		return nextRange
	}
	for offset, n := int64(0), 0; offset < size; n++ {
		if n == maxBoxes {
			return fmt.Errorf("%w: more than %d boxes", ErrFile, maxBoxes)
		}
		if err := m.prefetch(offset); err != nil {
			return err
		}
		b, err := m.box(offset, ahead(offset))
		switch {
		case err == nil:
		case found && m.fragmented && isFile(err): // what was read of it before plays
			m.problem = "the file is broken behind its samples: " + err.Error()
			return nil
		default:
			return err
		}
		switch {
		case b.name == "moov":
			if found {
				return fmt.Errorf("%w: a second moov at %d", ErrFile, offset)
			}
			if err := m.moov(b); err != nil {
				return err
			}
			if found = true; !m.fragmented {
				return nil
			}
			ahead = func(int64) int64 { return m.near() }
		case b.name == "sidx" && m.fragments == 0 && !b.cut:
			body, err := m.body(b, maxMfra, m.near())
			if err != nil {
				return err
			}
			m.sidx(body, offset+b.size)
		case b.name == "moof" && !found:
			return fmt.Errorf("%w: moof at %d before any moov: it is a segment, not a file", ErrFile, offset)
		case b.name == "moof" && b.cut:
			m.cutAt(offset)
			return nil
		case b.name == "moof":
			whole, err := m.moof(b)
			if err != nil {
				return err
			}
			if !whole {
				m.cutAt(offset)
				return nil
			}
		}
		offset += b.size
	}
	if !found {
		return fmt.Errorf("%w: no moov box: it was not finished, or is cut off", ErrFile)
	}
	return nil
}

// cutAt notes that the file ends within a fragment.
func (m *movie) cutAt(offset int64) {
	m.problem = fmt.Sprintf("the file ends in the middle of the fragment at %d: what is before it plays", offset)
}

// box reads the header of a box (ISO/IEC 14496-12, 4.2).
func (m *movie) box(offset, ahead int64) (topBox, error) {
	left := m.w.f.Size() - offset
	b := topBox{offset: offset, header: 8}
	if left < 8 {
		return b, fmt.Errorf("%w: %d bytes at its end, at %d, are no box", ErrFile, left, offset)
	}
	h, err := m.w.bytes(offset, min(left, 16), ahead)
	if err != nil {
		return b, err
	}
	b.name, b.size = string(h[4:8]), int64(binary.BigEndian.Uint32(h))
	switch b.size {
	case 0: // to the end of the file
		b.size = left
	case 1:
		if left < 16 {
			return b, fmt.Errorf("%w: box %q at %d is cut off", ErrFile, b.name, offset)
		}
		b.header = 16
		large := binary.BigEndian.Uint64(h[8:])
		if large > 1<<62 {
			return b, fmt.Errorf("%w: box %q at %d says that it has %d bytes", ErrFile, b.name, offset, large)
		}
		b.size = int64(large)
	}
	if b.size < b.header {
		return b, fmt.Errorf("%w: box %q at %d has a size of %d", ErrFile, b.name, offset, b.size)
	}
	if b.size > left {
		if b.name != "mdat" && b.name != "moof" {
			return b, fmt.Errorf("%w: box %q at %d has %d bytes, the file ends after %d: it is cut off", ErrFile, b.name, offset, b.size, left)
		}
		b.size, b.cut = left, true // what samples need of it is held against the file's size
	}
	return b, nil
}

// body reads a box whole.
func (m *movie) body(b topBox, limit, ahead int64) ([]byte, error) {
	if b.size > limit {
		return nil, fmt.Errorf("%w: %s at %d has %d bytes, %d are taken", ErrFile, b.name, b.offset, b.size, limit)
	}
	raw, err := m.w.bytes(b.offset, b.size, ahead)
	if err != nil {
		return nil, err
	}
	m.sum.Write(raw)
	return raw[b.header:], nil
}

// moov reads the tracks, and the samples that it lists itself.
func (m *movie) moov(b topBox) error {
	body, err := m.body(b, maxMoov, 0)
	if err != nil {
		return err
	}
	mvhd := isobmff.Child(body, "mvhd")
	at := 12
	if len(mvhd) > 0 && mvhd[0] == 1 {
		at = 20
	}
	if len(mvhd) < at+4 {
		return fmt.Errorf("%w: moov without a whole mvhd", ErrFile)
	}
	if m.scale = binary.BigEndian.Uint32(mvhd[at:]); m.scale == 0 || m.scale > maxScale {
		return fmt.Errorf("%w: movie with a timescale of %d", ErrFile, m.scale)
	}
	if mvex := isobmff.Child(body, "mvex"); mvex != nil {
		m.fragmented = true
		m.defaults = trexes(mvex)
	}
	for name, trak := range isobmff.Boxes(body) {
		if name != "trak" {
			continue
		}
		if len(m.traks) == maxTracks {
			return fmt.Errorf("%w: more than %d tracks", ErrFile, maxTracks)
		}
		if err := m.trak(trak); err != nil {
			return err
		}
	}
	m.gapless(body)
	return nil
}
