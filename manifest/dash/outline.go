package dash

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"
)

// outline is an MPD in pieces: what the library has written, with marks, and what comes in their places. That is what the library cannot write, or what changes
// often: two outlines that differ only in the latter have the same structure, and a patch leads from one to the other.
type outline struct {
	literals  [][]byte // before each fill, and behind the last
	fills     []fill
	published string
	at        time.Time // what published says
	structure uint64    // a hash of all but what changes often
}

// fill comes in the place of a mark.
type fill struct {
	mark  string
	text  []byte
	line  *line  // instead of text
	often bool   // it changes often
	at    string // for what changes often in a set: the XPath of the element that has it
	kind  fillKind
}

// fillKind is what of a set changes often.
type fillKind int

const (
	plain fillKind = iota
	startNumber
	referenceTime
	timeline
)

// The marks. In text and in attributes the library escapes quotation marks and angle brackets, so nothing else looks like them.
const (
	publishMark   = ` publishTime="@"`
	lengthMark    = ` mediaPresentationDuration="PT0S"`
	patchMark     = `>` + patchPath + `?from=@`
	startMark     = ` start="PT0S"`
	referenceMark = ` wallClockTime="" presentationTime="0"`
	numberMark    = ` startNumber="0"`
	lineMark      = sIndent + `<S d="1"></S>` + "\n"
)

// compose lets the library write m, and finds the places of the fills in it, which are in order.
func compose(m *mpd.MPD, fills []fill, published time.Time) (*outline, error) {
	var buf bytes.Buffer
	if _, err := m.Write(&buf, "  ", true); err != nil {
		return nil, fmt.Errorf("write XML: %w", err)
	}
	buf.WriteByte('\n')
	o := &outline{fills: fills, published: stamp(published), at: published, literals: make([][]byte, 0, len(fills)+1)}
	rest := buf.Bytes()
	hash := fnv.New64a()
	for i := range fills {
		before, after, found := bytes.Cut(rest, []byte(fills[i].mark))
		if !found {
			return nil, fmt.Errorf("place %d of %d: no mark%s in the document", i+1, len(fills), fills[i].mark)
		}
		o.literals = append(o.literals, before)
		hash.Write(before)
		if fills[i].often {
			hash.Write([]byte{0})
		} else {
			hash.Write(fills[i].text)
		}
		rest = after
	}
	hash.Write(rest)
	o.literals = append(o.literals, rest)
	o.structure = hash.Sum64()
	return o, nil
}

// text is the MPD.
func (o *outline) text() []byte {
	size := 0
	for i := range o.literals {
		size += len(o.literals[i])
	}
	for i := range o.fills {
		f := &o.fills[i]
		size += len(f.text)
		if f.line != nil {
			size += len(f.line.strip.text) + 64*(len(f.line.tail)+2)
		}
	}
	b := make([]byte, 0, size)
	for i := range o.fills {
		b = append(b, o.literals[i]...)
		if l := o.fills[i].line; l != nil {
			b = l.appendText(b)
		} else {
			b = append(b, o.fills[i].text...)
		}
	}
	return append(b, o.literals[len(o.fills)]...)
}
