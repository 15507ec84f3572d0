package mpegts

import "bytes"

// parser makes samples of the payloads of PES packets.
type parser interface {
	// take reads the next payload, which is not kept.
	take(payload []byte, t timestamps, to sink) error
	// lose tells that something is missing before the next payload.
	lose()
	// flush hands over what waits for the next payload.
	flush(to sink) error
}

// filter is what is done with the packets of a PID: sections to a table, or PES to a parser.
type filter struct {
	pid     uint16
	counted bool // counter is that of the packet before
	counter byte
	twice   bool // the packet before was a duplicate

	sections *sections
	table    func(section []byte) error
	last     []byte // payload of the packet before, of a table

	pes    pes
	lane   *lane // nil: PES of ID3
	parser parser
}

// continuity is how a packet follows the one before.
type continuity int

const (
	next continuity = iota
	repeated
	broken
)

// follows judges the continuity counter of a packet with a payload (ISO/IEC 13818-1, 2.4.3.3).
func (f *filter) follows(p packet) continuity {
	was, counted := f.counter, f.counted
	f.counter, f.counted = p.counter, true
	c := broken
	switch {
	case !counted || p.discontinuity || p.counter == (was+1)&0x0f:
		c = next
	case p.counter == was && f.repeats(p):
		c = repeated
	case p.counter == was && f.sections != nil && p.start:
		c = next // there are encoders that do not count the packets of tables
	}
	f.twice = c == repeated
	if f.sections != nil {
		f.last = append(f.last[:0], p.payload...)
	}
	return c
}

// repeats tells whether the packet is the one before again, which may be once.
func (f *filter) repeats(p packet) bool {
	if f.sections != nil {
		return bytes.Equal(f.last, p.payload)
	}
	return !f.twice && (f.pes.repeats(p.payload) || !f.pes.on && !p.start)
}

// lose forgets what has begun.
func (f *filter) lose() {
	if f.sections != nil {
		f.sections.lose()
		return
	}
	f.pes.lose()
	if f.parser != nil {
		f.parser.lose()
	}
}
