package dash

import (
	"strconv"

	"weir/internal/media"
)

// line is a SegmentTimeline: a part of a strip, and what is expected behind it.
type line struct {
	strip    *strip
	from, to uint64  // rows of the strip, which has them; none where from > to
	tail     []entry // one a segment
}

// lineOf is the part of the strip that has rows from to to, as far as the track has media there.
func lineOf(s *strip, from, to uint64, tail []entry) line {
	l := line{strip: s, from: 1, tail: tail}
	if n := len(s.entries); n > 0 {
		first, last := max(from, s.entries[0].number), min(to, s.entries[n-1].last())
		if first <= last {
			l.from, l.to = first, last
		}
	}
	return l
}

func (l *line) complete() bool { return l.from <= l.to }
func (l *line) empty() bool    { return !l.complete() && len(l.tail) == 0 }

// number is that of the first segment.
func (l *line) number() uint64 {
	if l.complete() {
		return l.from
	}
	return l.tail[0].number
}

// elements are the S elements: the first ones, the entries of the strip from i to j (exclusive) that are whole, and the last ones.
func (l *line) elements() (head []entry, i, j int, tail []entry) {
	if !l.complete() {
		return fold(nil, l.tail), 0, 0, nil
	}
	i, j = l.strip.find(l.from), l.strip.find(l.to)
	first := l.strip.entries[i]
	skip := l.from - first.number
	first.start += media.Ticks(skip) * first.d
	first.n -= int(skip)
	first.number = l.from
	first.jump = false
	if i == j {
		first.n = int(l.to - l.from + 1)
		return fold([]entry{first}, l.tail), i + 1, i + 1, nil
	}
	last := l.strip.entries[j]
	last.n = int(l.to - last.number + 1)
	return []entry{first}, i + 1, j, fold([]entry{last}, l.tail)
}

// fold adds segments to elements.
func fold(all, segments []entry) []entry {
	for _, e := range segments {
		if n := len(all); n > 0 {
			p := &all[n-1]
			joined := p.start+media.Ticks(p.n)*p.d == e.start
			if joined && p.d == e.d {
				p.n += e.n
				continue
			}
			e.jump = !joined
		}
		all = append(all, e)
	}
	return all
}

// start is where the first segment begins.
func (l *line) start() media.Ticks {
	head, _, _, _ := l.elements()
	return head[0].start
}

// appendText is the text of the elements.
func (l *line) appendText(b []byte) []byte {
	head, i, j, tail := l.elements()
	for k := range head {
		b = appendS(b, head[k], k == 0 || head[k].jump)
	}
	if i < j {
		b = append(b, l.strip.text[l.strip.entries[i-1].end:l.strip.entries[j-1].end]...)
	}
	for k := range tail {
		b = appendS(b, tail[k], tail[k].jump)
	}
	return b
}

// sIndent is how far the library indents an S.
const sIndent = "          "

// appendS writes an S as a line of its own.
func appendS(b []byte, e entry, start bool) []byte {
	b = append(b, sIndent...)
	b = appendElement(b, e, start)
	return append(b, '\n')
}

// appendElement writes an S, with @t where start is set.
func appendElement(b []byte, e entry, start bool) []byte {
	b = append(b, "<S"...)
	if start {
		b = append(b, ` t="`...)
		b = append(strconv.AppendInt(b, int64(e.start), 10), '"')
	}
	b = append(b, ` d="`...)
	b = append(strconv.AppendInt(b, int64(e.d), 10), '"')
	if e.n > 1 {
		b = append(b, ` r="`...)
		b = append(strconv.AppendInt(b, int64(e.n-1), 10), '"')
	}
	return append(b, "></S>"...)
}
