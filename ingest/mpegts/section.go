package mpegts

// sections puts sections together that are cut into packets (ISO/IEC 13818-1, 2.4.4.1). A section has 4098 bytes at most: its length has
// 12 bits.
type sections struct {
	buf []byte
	on  bool // a section has begun
}

// lose forgets what has begun.
func (s *sections) lose() { s.buf, s.on = s.buf[:0], false }

// push takes a packet's payload and calls emit with each section whose checksum is right. The section is valid until emit returns.
// bad tells how many were wrong.
func (s *sections) push(payload []byte, start bool, emit func([]byte) error) (bad int, err error) {
	if start {
		if len(payload) == 0 || int(payload[0]) >= len(payload) {
			s.lose()
			return 1, nil
		}
		pointer := int(payload[0])
		if s.on {
			s.buf = append(s.buf, payload[1:1+pointer]...)
			bad, err = s.cut(emit)
			if err != nil {
				return bad, err
			}
		}
		s.buf, s.on = s.buf[:0], true
		payload = payload[1+pointer:]
	}
	if !s.on {
		return bad, nil
	}
	s.buf = append(s.buf, payload...)
	more, err := s.cut(emit)
	return bad + more, err
}

// cut emits the sections that are whole. Stuffing (a table_id of 0xff) ends the packet.
func (s *sections) cut(emit func([]byte) error) (bad int, err error) {
	rest := s.buf
	for len(rest) > 0 && err == nil {
		if rest[0] == 0xff {
			s.lose()
			return bad, nil
		}
		if len(rest) < 3 {
			break
		}
		n := 3 + (int(rest[1]&0x0f)<<8 | int(rest[2]))
		if n > len(rest) {
			break
		}
		if n >= 3+4 && checksum(rest[:n]) == 0 {
			err = emit(rest[:n])
		} else {
			bad++
		}
		rest = rest[n:]
	}
	s.buf = append(s.buf[:0], rest...)
	return bad, err
}

// checksum is the CRC of annex A over bytes; 0 where they end with their own.
func checksum(b []byte) uint32 {
	crc := ^uint32(0)
	for _, v := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>24)^v]
	}
	return crc
}

// crcTable is for the polynomial 0x04c11db7, most significant bit first.
var crcTable = func() (t [256]uint32) {
	for i := range t {
		crc := uint32(i) << 24
		for range 8 {
			high := crc & (1 << 31)
			crc <<= 1
			if high != 0 {
				crc ^= 0x04c11db7
			}
		}
		t[i] = crc
	}
	return t
}()
