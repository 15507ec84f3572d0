package mpegts

import (
	"bytes"

	"weir/internal/media"
)

// timestamps are PTS and DTS of a PES as they came, modulo 2^33.
type timestamps struct {
	pts, dts media.Ticks
	ok       bool // there are any
}

// pes puts a PES packet together (ISO/IEC 13818-1, 2.4.3.6). Its zero value waits for the beginning of one.
type pes struct {
	buf   []byte
	on    bool
	total int // bytes of the whole packet; 0: until the next begins
}

// pesPrefix is packet_start_code_prefix.
var pesPrefix = []byte{0, 0, 1}

// begin starts a new packet.
func (p *pes) begin() { p.buf, p.on, p.total = p.buf[:0], true, 0 }

// lose forgets what has begun, and tells whether there was something.
func (p *pes) lose() bool {
	was := p.on && len(p.buf) > 0
	p.buf, p.on, p.total = p.buf[:0], false, 0
	return was
}

const pesHead = 6 // packet_start_code_prefix, stream_id, PES_packet_length

// add takes a payload; whole tells that the packet has all the bytes that it announced.
func (p *pes) add(payload []byte) (whole bool) {
	if !p.on {
		return false
	}
	p.buf = append(p.buf, payload...)
	if p.total == 0 && len(p.buf) >= pesHead {
		if n := int(p.buf[4])<<8 | int(p.buf[5]); n > 0 {
			p.total = pesHead + n
		}
	}
	return p.total > 0 && len(p.buf) >= p.total
}

// complete tells whether the packet may end here: it has what it announced, or announced nothing.
func (p *pes) complete() bool { return p.on && len(p.buf) >= max(p.total, pesHead) }

// repeats tells whether the payload is the one that was added last: a duplicate packet (2.4.3.3).
func (p *pes) repeats(payload []byte) bool { return p.on && bytes.HasSuffix(p.buf, payload) }

// pesState is what became of a PES packet.
type pesState int

const (
	pesGood pesState = iota
	pesBroken
	pesScrambled
)

// take ends the packet and gives its payload, which is valid until the next begins.
func (p *pes) take() (payload []byte, t timestamps, state pesState) {
	b := p.buf
	if p.total > 0 {
		b = b[:min(p.total, len(b))]
	}
	p.on = false
	if len(b) < pesHead || !bytes.HasPrefix(b, pesPrefix) {
		return nil, t, pesBroken
	}
	switch b[3] {
	case 0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff: // those without the optional header carry no media
		return nil, t, pesBroken
	}
	b = b[pesHead:]
	if len(b) < 3 || b[0]&0xc0 != 0x80 || 3+int(b[2]) > len(b) {
		return nil, t, pesBroken
	}
	if b[0]&0x30 != 0 {
		return nil, t, pesScrambled
	}
	flags, head := b[1], b[3:3+int(b[2])]
	if flags&0x80 != 0 && len(head) >= 5 {
		t.pts, t.ok = timestamp(head), true
		t.dts = t.pts
		if flags&0x40 != 0 && len(head) >= 10 {
			t.dts = timestamp(head[5:])
		}
	}
	return b[3+int(b[2]):], t, pesGood
}

// timestamp reads 33 bits that are spread over 5 bytes (2.4.3.6).
func timestamp(b []byte) media.Ticks {
	return media.Ticks(b[0]>>1&7)<<30 | media.Ticks(b[1])<<22 | media.Ticks(b[2]>>1)<<15 | media.Ticks(b[3])<<7 | media.Ticks(b[4]>>1)
}
