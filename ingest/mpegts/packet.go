package mpegts

// Sizes of what carries packets (ISO/IEC 13818-1, 2.4.3.2): bare, with a time before each (M2TS), with a checksum behind each.
const (
	packetSize = 188
	m2tsSize   = 192
	parity     = 204
	syncByte   = 0x47
	nullPID    = 0x1fff
)

// packet is a transport packet. Its payload aliases the bytes that it was read from.
type packet struct {
	pid           uint16
	start         bool // payload_unit_start_indicator
	scrambled     bool
	counter       byte
	discontinuity bool // the adaptation field says that the counter may jump here
	hasPCR        bool
	pcr           int64 // in 1/27000000 s
	hasPayload    bool
	payload       []byte
}

// readPacket takes 188 bytes apart; ok is false for a packet that is damaged, or says so.
func readPacket(b []byte) (p packet, ok bool) {
	if b[0] != syncByte || b[1]&0x80 != 0 {
		return p, false
	}
	p.pid = uint16(b[1]&0x1f)<<8 | uint16(b[2])
	p.start = b[1]&0x40 != 0
	p.scrambled = b[3]&0xc0 != 0
	p.counter = b[3] & 0x0f
	p.hasPayload = b[3]&0x10 != 0
	rest := b[4:packetSize]
	if b[3]&0x20 != 0 {
		n := int(rest[0])
		if n > len(rest)-1 {
			return p, false
		}
		if n > 0 {
			p.adapt(rest[1 : 1+n])
		}
		rest = rest[1+n:]
	}
	if p.hasPayload {
		p.payload = rest
	}
	return p, true
}

// adapt reads an adaptation field that is not empty (2.4.3.4).
func (p *packet) adapt(f []byte) {
	p.discontinuity = f[0]&0x80 != 0
	if f[0]&0x10 != 0 && len(f) >= 7 {
		base := int64(f[1])<<25 | int64(f[2])<<17 | int64(f[3])<<9 | int64(f[4])<<1 | int64(f[5])>>7
		p.pcr, p.hasPCR = base*300+(int64(f[5]&1)<<8|int64(f[6])), true
	}
}
