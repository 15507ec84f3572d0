package edge

import (
	"bytes"
	"math"
)

// span is what a Range field comes to.
type span int

const (
	spanWhole span = iota // no range, one that is not well-formed, or several: everything is sent
	spanPart
	spanNone // it cannot be satisfied
)

// parseRange reads a Range field for something of size bytes; for spanPart the part is [from, to). A server may ignore
// any range (RFC 9110, 14.2); we do so with units other than bytes, with more than one range and with what is not well-formed.
func parseRange(field []byte, size int) (from, to int, s span) {
	spec, ok := cutUnit(trimSpace(field))
	if !ok {
		return 0, size, spanWhole
	}
	first, last, ok := bytes.Cut(trimSpace(spec), []byte("-"))
	if !ok || bytes.IndexByte(spec, ',') >= 0 {
		return 0, size, spanWhole
	}
	if len(first) == 0 { // the last n bytes
		n, ok := position(last)
		switch {
		case !ok:
			return 0, size, spanWhole
		case n == 0 || size == 0:
			return 0, 0, spanNone
		}
		return max(0, size-n), size, spanPart
	}
	a, ok := position(first)
	if !ok {
		return 0, size, spanWhole
	}
	b := math.MaxInt - 1
	if len(last) > 0 {
		if b, ok = position(last); !ok || b < a {
			return 0, size, spanWhole
		}
	}
	if a >= size {
		return 0, 0, spanNone
	}
	return a, min(b, size-1) + 1, spanPart
}

// cutUnit is what stands behind "bytes=", whose case does not matter.
func cutUnit(field []byte) ([]byte, bool) {
	const unit = "bytes="
	if len(field) < len(unit) || !bytes.EqualFold(field[:len(unit)], []byte(unit)) {
		return nil, false
	}
	return field[len(unit):], true
}

// position reads digits; what is larger than any file counts as very large.
func position(b []byte) (int, bool) {
	if len(b) == 0 {
		return 0, false
	}
	const huge = math.MaxInt - 1
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (huge-9)/10 {
			n = huge
			continue
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
