// Package tstest writes transport streams for tests (ISO/IEC 13818-1).
package tstest

import "encoding/binary"

// PMTPID is where the maps of all programs stand.
const PMTPID = 0x1000

// Stream is an elementary stream of a program.
type Stream struct {
	PID         uint16
	Type        byte   // stream_type
	Descriptors []byte // whole ones
}

// Language is an ISO_639_language_descriptor.
func Language(code string) []byte { return append([]byte{0x0a, 4}, append([]byte(code), 0)...) }

// Muxer collects packets. Its zero value is ready.
type Muxer struct {
	out      []byte
	counters map[uint16]byte
	version  byte
}

// Bytes are all packets so far.
func (m *Muxer) Bytes() []byte { return m.out }

// Program is one for Tables.
type Program struct {
	Number  uint16
	PCR     uint16
	Streams []Stream
}

// Tables writes a PAT and the programs' maps, with a version of their own each time that renew is set. The first map stands on PMTPID, others
// on the PIDs behind it.
func (m *Muxer) Tables(renew bool, programs ...Program) {
	if renew {
		m.version = (m.version + 1) & 0x1f
	}
	var pat []byte
	for i, p := range programs {
		pid := uint16(PMTPID + i)
		pat = append(pat, byte(p.Number>>8), byte(p.Number), 0xe0|byte(pid>>8), byte(pid))
	}
	m.Section(0, Long(0, 1, m.version, pat))
	for i, p := range programs {
		body := []byte{0xe0 | byte(p.PCR>>8), byte(p.PCR), 0xf0, 0}
		for _, s := range p.Streams {
			body = append(body, s.Type, 0xe0|byte(s.PID>>8), byte(s.PID), 0xf0|byte(len(s.Descriptors)>>8), byte(len(s.Descriptors)))
			body = append(body, s.Descriptors...)
		}
		m.Section(uint16(PMTPID+i), Long(2, p.Number, m.version, body))
	}
}

// Long makes a section with the long header and a checksum.
func Long(table byte, extension uint16, version byte, body []byte) []byte {
	n := 5 + len(body) + 4
	s := append([]byte{table, 0xb0 | byte(n>>8), byte(n), byte(extension >> 8), byte(extension), 0xc1 | version<<1, 0, 0}, body...)
	return binary.BigEndian.AppendUint32(s, CRC(s))
}

// CRC is that of annex A.
func CRC(b []byte) uint32 {
	crc := ^uint32(0)
	for _, v := range b {
		for i := 7; i >= 0; i-- {
			bit := uint32(v>>i)&1 ^ crc>>31
			crc = crc<<1 ^ bit*0x04c11db7
		}
	}
	return crc
}

// Section writes a section into packets of its own.
func (m *Muxer) Section(pid uint16, section []byte) {
	payload := append([]byte{0}, section...)
	for start := true; len(payload) > 0; start = false {
		n := min(184, len(payload))
		p := append([]byte(nil), payload[:n]...)
		for len(p) < 184 {
			p = append(p, 0xff)
		}
		m.packet(pid, start, nil, p)
		payload = payload[n:]
	}
}

// PCR writes a packet with a clock reference alone, in 1/27000000 s.
func (m *Muxer) PCR(pid uint16, pcr int64) {
	base, ext := pcr/300, pcr%300
	m.packet(pid, false, []byte{0x10, byte(base >> 25), byte(base >> 17), byte(base >> 9), byte(base >> 1), byte(base<<7) | 0x7e | byte(ext>>8), byte(ext)}, nil)
}

// PES writes a PES packet; dts < 0: it has none, pts < 0: neither. bounded: its length stands in it.
func (m *Muxer) PES(pid uint16, id byte, pts, dts int64, bounded bool, payload []byte) {
	var head []byte
	flags := byte(0)
	stamp := func(mark byte, t int64) {
		head = append(head, mark<<4|byte(t>>29)&0x0e|1, byte(t>>22), byte(t>>14)|1, byte(t>>7), byte(t<<1)|1)
	}
	switch {
	case pts >= 0 && dts >= 0:
		flags = 0xc0
		stamp(3, pts)
		stamp(1, dts)
	case pts >= 0:
		flags = 0x80
		stamp(2, pts)
	}
	n := 0
	if bounded {
		n = 3 + len(head) + len(payload)
	}
	pes := append([]byte{0, 0, 1, id, byte(n >> 8), byte(n), 0x80, flags, byte(len(head))}, head...)
	pes = append(pes, payload...)
	for start := true; len(pes) > 0; start = false {
		n := min(184, len(pes))
		m.packet(pid, start, nil, pes[:n])
		pes = pes[n:]
	}
}

// Packet writes a packet with that payload, which is stuffed.
func (m *Muxer) packet(pid uint16, start bool, adaptation, payload []byte) {
	if m.counters == nil {
		m.counters = make(map[uint16]byte)
	}
	p := []byte{0x47, byte(pid >> 8), byte(pid), 0}
	if start {
		p[1] |= 0x40
	}
	counter := m.counters[pid]
	if len(payload) > 0 {
		p[3] |= 0x10
		m.counters[pid] = (counter + 1) & 0x0f
	} else {
		counter = (counter + 15) & 0x0f
	}
	p[3] |= counter
	if stuffing := 184 - len(payload); stuffing > 0 {
		p[3] |= 0x20
		field := make([]byte, stuffing)
		field[0] = byte(stuffing - 1)
		if stuffing > 1 {
			n := copy(field[1:], adaptation)
			if n == 0 {
				n = 1
			}
			for i := 1 + n; i < stuffing; i++ {
				field[i] = 0xff
			}
		}
		p = append(p, field...)
	}
	m.out = append(m.out, append(p, payload...)...)
}

// Jump makes the counter of a PID skip, as if a packet were lost.
func (m *Muxer) Jump(pid uint16) { m.counters[pid] = (m.counters[pid] + 5) & 0x0f }
