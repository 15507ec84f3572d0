package hls

import "bytes"

// blockRows is how many rows a block holds. The more there are, the better a block is compressed; the fewer, the less is rendered anew at the ends of
// a listing.
const blockRows = 128

// block is the text of successive rows of a playlist, as they are listed without parts and links, and not first. It only grows: what was
// handed out of it stays.
type block struct {
	first int // how many rows at its beginning it lacks
	text  []byte
	ends  []int // where each row's text ends
	slots []int // where links.Media belongs, rising: behind each URI
	zip   once
}

// append adds rows as listing.segments renders them.
func (b *block) append(rows []byte) {
	at := len(b.text)
	b.text = append(b.text, rows...)
	for at < len(b.text) {
		n := bytes.IndexByte(b.text[at:], '\n')
		line := b.text[at : at+n]
		switch {
		case bytes.HasPrefix(line, []byte("#EXT-X-MAP:")):
			b.slots = append(b.slots, at+n-1) // before the quote
		case line[0] != '#':
			b.slots = append(b.slots, at+n)
			b.ends = append(b.ends, at+n+1)
		}
		at += n + 1
	}
	if b.end() == blockRows {
		b.text = bytes.Clone(b.text) // without room to grow
	}
}

// end is how many rows of the block are there or lacking at its beginning.
func (b *block) end() int { return b.first + len(b.ends) }

// stretch is the text of rows from ≤ i < to, counted from where the block would begin with all its rows.
func (b *block) stretch(from, to int) stretch {
	s := stretch{to: b.ends[to-1-b.first], slots: b.slots}
	if from > b.first {
		s.from = b.ends[from-1-b.first]
	}
	s.text = b.text[s.from:s.to]
	if from == 0 && to == blockRows {
		s.block = b
	}
	return s
}

// stretch is a piece of a playlist.
type stretch struct {
	text     []byte
	from, to int    // of a block's text
	slots    []int  // of the block
	block    *block // all rows of which it is; nil: it is not a whole block
}

// size is about how many bytes it takes in a playlist.
func (s *stretch) size(links string) int { return len(s.text) + (blockRows+1)*len(links) }

// append appends it with links.
func (s *stretch) append(b []byte, links string) []byte {
	if links == "" {
		return append(b, s.text...)
	}
	at := s.from
	for _, slot := range s.slots {
		if slot < at || slot >= s.to {
			continue
		}
		b = append(append(b, s.text[at-s.from:slot-s.from]...), links...)
		at = slot
	}
	return append(b, s.text[at-s.from:]...)
}
