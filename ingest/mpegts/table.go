package mpegts

// Tables of a transport stream (ISO/IEC 13818-1, 2.4.4).
const (
	tablePAT    = 0x00
	tablePMT    = 0x02
	tableSCTE35 = 0xfc
)

// maxStreams bounds the elementary streams of a program.
const maxStreams = 64

// program is an entry of the PAT.
type program struct{ number, pid uint16 }

// pat is one section of the program association table (2.4.4.3).
type pat struct {
	version       byte
	section, last byte
	programs      []program
}

// syntax checks the header that PAT and PMT have alike and gives the body between it and the checksum.
func syntax(section []byte, table byte) (body []byte, current, ok bool) {
	if len(section) < 12 || section[0] != table || section[1]&0x80 == 0 {
		return nil, false, false
	}
	return section[8 : len(section)-4], section[5]&1 != 0, true
}

func readPAT(section []byte) (p pat, ok bool) {
	body, current, ok := syntax(section, tablePAT)
	if !ok || !current {
		return p, false
	}
	p.version, p.section, p.last = section[5]>>1&0x1f, section[6], section[7]
	for ; len(body) >= 4; body = body[4:] {
		number := uint16(body[0])<<8 | uint16(body[1])
		if number != 0 { // 0 is the network's
			p.programs = append(p.programs, program{number, uint16(body[2]&0x1f)<<8 | uint16(body[3])})
		}
	}
	return p, true
}

// pmt is a program map (2.4.4.8).
type pmt struct {
	program uint16
	pcr     uint16
	streams []stream
}

// stream is an elementary stream as its PMT announces it.
type stream struct {
	pid uint16
	content
	language string
}

func readPMT(section []byte) (p pmt, ok bool) {
	body, current, ok := syntax(section, tablePMT)
	if !ok || !current || len(body) < 4 {
		return p, false
	}
	p.program = uint16(section[3])<<8 | uint16(section[4])
	p.pcr = uint16(body[0]&0x1f)<<8 | uint16(body[1])
	info := int(body[2]&0x0f)<<8 | int(body[3])
	if 4+info > len(body) {
		return p, false
	}
	ofProgram := readDescriptors(body[4 : 4+info])
	body = body[4+info:]
	for len(body) >= 5 && len(p.streams) < maxStreams {
		n := int(body[3]&0x0f)<<8 | int(body[4])
		if 5+n > len(body) {
			return p, false
		}
		d := readDescriptors(body[5 : 5+n])
		s := stream{pid: uint16(body[1]&0x1f)<<8 | uint16(body[2]), content: contentOf(body[0], d, ofProgram), language: d.language}
		p.streams = append(p.streams, s)
		body = body[5+n:]
	}
	return p, true
}
