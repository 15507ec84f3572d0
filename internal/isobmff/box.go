package isobmff

import (
	"encoding/binary"
	"iter"
)

// Boxes are the boxes that p consists of, name and body, up to the first that is none (ISO/IEC 14496-12, 4.2). Boxes with a 64-bit size
// are none: what is held in memory needs no such.
func Boxes(p []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(p) >= 8 {
			n := binary.BigEndian.Uint32(p)
			if n < 8 || uint64(n) > uint64(len(p)) {
				return
			}
			if !yield(string(p[4:8]), p[8:n:n]) {
				return
			}
			p = p[n:]
		}
	}
}

// Child is the body of the first box on the way down from those that p consists of; nil where there is none.
func Child(p []byte, path ...string) []byte {
	for _, name := range path {
		found := []byte(nil)
		for n, body := range Boxes(p) {
			if n == name {
				found = body
				break
			}
		}
		if p = found; p == nil {
			return nil
		}
	}
	return p
}

// Children are the bodies of all boxes of that name among those that p consists of.
func Children(p []byte, name string) [][]byte {
	var all [][]byte
	for n, body := range Boxes(p) {
		if n == name {
			all = append(all, body)
		}
	}
	return all
}
