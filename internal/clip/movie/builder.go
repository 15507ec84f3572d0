package movie

import (
	"errors"
	"fmt"
	"io"

	"weir/internal/media"
)

// ErrHole says that media is missing for longer than the last sample before can be made to last: 2³² ticks of the track, 13 hours
// at 90 kHz.
var ErrHole = errors.New("a hole too long for one file")

// maxStrands is how many traks a movie may have.
const maxStrands = 64

// Builder collects the samples of a movie. It has one owner; its Close must be called.
type Builder struct {
	dir     string
	strands []*strand
	sources []int // beside strands: the file that their media lies in
}

// NewBuilder begins a movie. Its tables lie in dir, without names, until Close.
func NewBuilder(dir string) *Builder { return &Builder{dir: dir} }

// Close frees the tables.
func (b *Builder) Close() {
	for _, s := range b.strands {
		s.close()
	}
	b.strands = nil
}

// Add takes the next segment of a track. Its bytes are data, which are not kept, and lie at position at of the source of that number;
// header is the CMAF header that it needs. A track has one source, and its segments come in order.
//
// Errors: ErrMedia, ErrHole, those of writing a table.
func (b *Builder) Add(t media.Track, header []byte, source int, at int64, data []byte) error {
	s, err := b.strand(t, source)
	if err != nil {
		return err
	}
	h, entry, err := s.entry(header)
	if err != nil {
		return err
	}
	return samples(data, h.defaults, func(in sample) error { return s.add(in, entry, at+int64(in.at)) })
}

// strand is that of the track as it is in its run.
func (b *Builder) strand(t media.Track, source int) (*strand, error) {
	if t.Timescale == 0 {
		return nil, malformed("track %s has no timescale", t.Name)
	}
	for i, s := range b.strands {
		if s.track.Name == t.Name && s.track.Codec == t.Codec && s.track.Timescale == t.Timescale && b.sources[i] == source {
			return s, nil
		}
	}
	if len(b.strands) >= maxStrands {
		return nil, malformed("more than %d tracks, or changes of codec", maxStrands)
	}
	s, err := newStrand(b.dir, t)
	if err != nil {
		return nil, err
	}
	b.strands, b.sources = append(b.strands, s), append(b.sources, source)
	return s, nil
}

// Sizes are those of a movie's parts.
type Sizes struct {
	Head    int64 `json:"head"`    // bytes
	Payload int64 `json:"payload"` // bytes of media behind the head
	Pieces  int64 `json:"pieces"`  // entries of the layout
}

// Total is the size of the MP4 in bytes.
func (s Sizes) Total() int64 { return s.Head + s.Payload }

// ErrEmpty says that a movie has no sample.
var ErrEmpty = errors.New("no media")

// Finish writes the movie's head and layout. Nothing can be added any more.
func (b *Builder) Finish(head, layout io.Writer) (Sizes, error) {
	var kept []*strand
	var sources []int
	for i, s := range b.strands {
		if !s.begun {
			s.close()
			continue
		}
		if err := s.finish(); err != nil {
			return Sizes{}, err
		}
		kept, sources = append(kept, s), append(sources, b.sources[i])
	}
	b.strands, b.sources = kept, sources
	if len(kept) == 0 {
		return Sizes{}, ErrEmpty
	}
	pieces, err := b.interleave(layout)
	if err != nil {
		return Sizes{}, fmt.Errorf("write the layout: %w", err)
	}
	sizes := Sizes{Pieces: pieces}
	for _, s := range kept {
		sizes.Payload += s.payload
	}
	if sizes.Head, err = b.writeHead(head, sizes.Payload); err != nil {
		return Sizes{}, fmt.Errorf("write the head: %w", err)
	}
	return sizes, nil
}

// MapBytes is the size of the layout in bytes.
func (s Sizes) MapBytes() int64 { return s.Pieces * recordSize }
