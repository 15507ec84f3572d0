package bus

import (
	"fmt"
	"slices"
)

const (
	maxAssemblies = 8            // chunks that are put together at the same time
	maxAssembling = 2 * maxChunk // bytes of all their parts
)

// assembly puts chunks together that were split. Parts that never come are forgotten when the segment ends, or when others
// need the room.
type assembly struct {
	chunks []*assembling // oldest first
	bytes  int
}

// assembling is a chunk of which some parts are there.
type assembling struct {
	first   message // any of its parts: they have the same header
	parts   [][]byte
	missing int
	bytes   int
}

// sameChunk tells whether two parts are of one chunk.
func (a *assembling) sameChunk(m *message) bool {
	return a.first.Track == m.Track && a.first.Segment == m.Segment && a.first.address.Chunk == m.address.Chunk &&
		a.first.Epoch == m.Epoch
}

// add takes a part. It returns the chunk's bytes when all parts are there, nil before. The error is ErrMalformed.
func (s *assembly) add(m *message) ([]byte, error) {
	i := slices.IndexFunc(s.chunks, func(a *assembling) bool { return a.sameChunk(m) })
	if i < 0 {
		if len(s.chunks) == maxAssemblies {
			s.remove(0)
		}
		s.chunks = append(s.chunks, &assembling{first: *m, parts: make([][]byte, m.Parts), missing: m.Parts})
		i = len(s.chunks) - 1
	}
	a := s.chunks[i]
	if m.header != a.first.header || a.parts[m.Part] != nil || a.bytes+len(m.Data) > maxChunk {
		return nil, fmt.Errorf("%w: part %d does not fit the others", ErrMalformed, m.Part)
	}
	a.parts[m.Part] = m.Data
	a.missing--
	a.bytes += len(m.Data)
	s.bytes += len(m.Data)
	for s.bytes > maxAssembling && s.chunks[0] != a {
		s.remove(0)
		i--
	}
	if a.missing > 0 {
		return nil, nil
	}
	s.remove(i)
	return slices.Concat(a.parts...), nil
}

// drop forgets what there is of a segment.
func (s *assembly) drop(track string, segment uint64) {
	for i := len(s.chunks) - 1; i >= 0; i-- {
		if f := s.chunks[i].first; f.Track == track && f.Segment == segment {
			s.remove(i)
		}
	}
}

func (s *assembly) remove(i int) {
	s.bytes -= s.chunks[i].bytes
	s.chunks = slices.Delete(s.chunks, i, i+1)
}

func (s *assembly) reset() { *s = assembly{} }
