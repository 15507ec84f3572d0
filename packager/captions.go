package packager

import (
	"bytes"
	"encoding/binary"
	"slices"

	"weir/internal/media"
)

// Bounds on what is looked at for captions.
const (
	maxSEI        = 16 << 10 // bytes of a NAL unit
	maxReordered  = 32       // pictures that are put into the order of their presentation
	captionTriple = 3        // bytes of a cc_data_pkt
	maxTriples    = 31       // of a picture
)

// captionScan finds out which caption channels the SEI messages of a video track carry (ANSI/SCTE 128-1, 8.1; CTA-708-E; CTA-608-E). What
// was found once stays.
type captionScan struct {
	found   media.Captions
	pending []captioned // pictures whose turn has not come: captions are in the order of presentation
	fields  [2]line21
	packet  []byte // of CEA-708, as far as it has come
	want    int    // bytes that it is to have
}

// captioned is the cc_data of a picture.
type captioned struct {
	pts     media.Ticks
	triples []byte
}

// line21 is where the captions of a field stand.
type line21 struct {
	channel int  // that what comes belongs to: 1 or 2, 0 before the first control code
	text    bool // in text mode: no captions
	data    bool // within extended data services
}

// look takes a sample in, which has NAL units with lengths of four bytes.
func (c *captionScan) look(codec media.Codec, s *timed) {
	triples := captionsOf(codec, s.data)
	if s.sync || len(c.pending) >= maxReordered {
		slices.SortStableFunc(c.pending, func(a, b captioned) int { return int(a.pts - b.pts) })
		done := len(c.pending)
		if !s.sync {
			done /= 2
		}
		for _, p := range c.pending[:done] {
			c.read(p.triples)
		}
		c.pending = slices.Delete(c.pending, 0, done)
	}
	if len(triples) > 0 {
		c.pending = append(c.pending, captioned{s.pts, triples})
	}
}

// flush reads what is pending: nothing more comes before an answer is wanted.
func (c *captionScan) flush() {
	slices.SortStableFunc(c.pending, func(a, b captioned) int { return int(a.pts - b.pts) })
	for _, p := range c.pending {
		c.read(p.triples)
	}
	c.pending = c.pending[:0]
}

// captionsOf is the cc_data of all SEI messages of an access unit that have any.
func captionsOf(codec media.Codec, data []byte) (triples []byte) {
	for len(data) > 4 {
		n := int(binary.BigEndian.Uint32(data))
		data = data[4:]
		if n > len(data) || n < 0 {
			return triples
		}
		nal := data[:n]
		data = data[n:]
		head := 0
		switch {
		case n > 1 && codec == media.AVC && nal[0]&31 == 6:
			head = 1
		case n > 2 && codec == media.HEVC && (nal[0]>>1&63 == 39 || nal[0]>>1&63 == 40):
			head = 2
		default:
			continue
		}
		triples = append(triples, messages(unescaped(nal[head:min(n, maxSEI)]))...)
		if len(triples) > maxTriples*captionTriple {
			return triples[:maxTriples*captionTriple]
		}
	}
	return triples
}

// unescaped is b without emulation prevention bytes (ISO/IEC 14496-10, 7.4.1).
func unescaped(b []byte) []byte {
	if !bytes.Contains(b, []byte{0, 0, 3}) {
		return b
	}
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, x := range b {
		if zeros >= 2 && x == 3 {
			zeros = 0
			continue
		}
		if zeros++; x != 0 {
			zeros = 0
		}
		out = append(out, x)
	}
	return out
}

// messages goes through SEI messages (ISO/IEC 14496-10, 7.3.2.3.1) for those that are registered by ATSC and have captions.
func messages(b []byte) (triples []byte) {
	const registered = 4 // user_data_registered_itu_t_t35
	for len(b) > 2 {
		kind, rest, ok := varied(b)
		if !ok {
			break
		}
		size, rest, ok := varied(rest)
		if !ok || size > len(rest) {
			break
		}
		if kind == registered {
			triples = append(triples, ccData(rest[:size])...)
		}
		b = rest[size:]
	}
	return triples
}

// varied reads a number that bytes of 255 continue.
func varied(b []byte) (n int, rest []byte, ok bool) {
	for i, x := range b {
		n += int(x)
		if x != 255 {
			return n, b[i+1:], true
		}
	}
	return 0, nil, false
}

// ccData is the cc_data_pkts of ATSC1_data (ANSI/SCTE 128-1, 8.2): of country 181, provider 49, GA94, type 3.
func ccData(b []byte) []byte {
	rest, ok := bytes.CutPrefix(b, []byte{0xb5, 0, 0x31, 'G', 'A', '9', '4', 3})
	if !ok || len(rest) < 2 || rest[0]&0x40 == 0 { // process_cc_data_flag
		return nil
	}
	n := int(rest[0]&31) * captionTriple
	rest = rest[2:]
	return rest[:min(n, len(rest)/captionTriple*captionTriple)]
}

// read takes the captions of one picture.
func (c *captionScan) read(triples []byte) {
	for ; len(triples) >= captionTriple; triples = triples[captionTriple:] {
		valid, kind, a, b := triples[0]&4 != 0, triples[0]&3, triples[1], triples[2]
		switch {
		case !valid && kind == 3, !valid && kind == 2:
			c.packet = c.packet[:0]
		case !valid:
		case kind < 2:
			c.found |= c.fields[kind].read(int(kind), a&0x7f, b&0x7f) // without parity
		case kind == 3:
			c.packet, c.want = append(c.packet[:0], b), packetSize(a)
			c.services()
		case len(c.packet) > 0:
			c.packet = append(c.packet, a, b)
			c.services()
		}
	}
}

// read takes a pair of bytes of a field: 0 for the first. A first field that is sent at all is taken to be for CC1, as silence is: players that were told
// of no captions would not look for them later.
func (f *line21) read(field int, a, b byte) media.Captions {
	silent := media.Captions(0)
	if field == 0 {
		silent = media.Caption608(1)
	}
	switch {
	case a == 0 && b == 0:
		return silent
	case a >= 1 && a <= 0x0f: // extended data services, up to their end
		f.data = a != 0x0f
		return silent
	case a < 0x20: // a control code
		f.data, f.channel = false, 1+int(a>>3&1)
		if miscellaneous := a&^8 == 0x14 || a&^8 == 0x15; miscellaneous && b >= 0x20 && b < 0x30 {
			f.text = b == 0x2a || b == 0x2b
		}
	}
	if f.data || f.text || f.channel == 0 {
		return silent
	}
	return silent | media.Caption608(2*field+f.channel)
}

// packetSize is how many bytes of data a caption channel packet has that begins with that byte (CTA-708-E, 5).
func packetSize(head byte) int {
	if code := int(head & 63); code > 0 {
		return 2*code - 1
	}
	return 127
}

// services finds the services that a packet has something for, once it is whole.
func (c *captionScan) services() {
	if len(c.packet) < c.want {
		return
	}
	var found media.Captions
	for b := c.packet[:c.want]; len(b) > 0; {
		service, size := int(b[0]>>5), int(b[0]&31)
		b = b[1:]
		if service == 0 { // the rest is nothing
			break
		}
		if service == 7 && size > 0 && len(b) > 0 {
			service, b = int(b[0]&63), b[1:]
		}
		if size > len(b) {
			found = 0 // not a packet after all
			break
		}
		if size > 0 {
			found |= media.Caption708(service)
		}
		b = b[size:]
	}
	c.found |= found
	c.packet = c.packet[:0]
}

// scanOf is what was found of a track by its name. It stays over runs, as encoders go on with what they had.
func (p *Packager) scanOf(name string) *captionScan {
	s := p.captions[name]
	if s == nil {
		s = new(captionScan)
		p.captions[name] = s
	}
	return s
}
