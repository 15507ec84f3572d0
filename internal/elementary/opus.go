package elementary

import "fmt"

// OpusConfig makes the body of a dOps box (Opus in ISOBMFF, 4.3.2) of the channel_config_code of a transport stream (Opus in MPEG-TS,
// table 4-2). Nothing is said of pre-skip there: it is 0.
func OpusConfig(code byte) ([]byte, error) {
	const rate = 48000
	head := func(channels, family byte) []byte {
		return []byte{0, channels, 0, 0, rate >> 24, rate >> 16 & 0xff, rate >> 8 & 0xff, rate & 0xff, 0, 0, family}
	}
	// Streams, coupled streams and mapping of family 1 (RFC 7845, 5.1.1.2), by channels.
	maps := [...][]byte{
		3: {2, 1, 0, 2, 1},
		4: {2, 2, 0, 1, 2, 3},
		5: {3, 2, 0, 4, 1, 2, 3},
		6: {4, 2, 0, 4, 1, 2, 3, 5},
		7: {5, 2, 0, 4, 1, 2, 3, 5, 6},
		8: {5, 3, 0, 6, 1, 2, 3, 4, 5, 7},
	}
	switch {
	case code == 1, code == 2:
		return head(code, 0), nil
	case code > 2 && code <= 8:
		return append(head(code, 1), maps[code]...), nil
	}
	return nil, fmt.Errorf("%w: Opus with channel configuration %d", ErrUnsupported, code)
}

// OpusSamples is how long a packet is, in 1/48000 s, by its first bytes (RFC 6716, 3.1); 0 for a malformed one.
func OpusSamples(p []byte) int {
	if len(p) == 0 {
		return 0
	}
	var frame int
	switch config := p[0] >> 3; {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		frame = [...]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		frame = [...]int{480, 960}[config&1]
	default: // CELT: 2.5, 5, 10, 20 ms
		frame = [...]int{120, 240, 480, 960}[config&3]
	}
	switch p[0] & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(p) < 2 {
		return 0
	}
	if n := int(p[1] & 63); n*frame <= 5760 {
		return n * frame
	}
	return 0
}

// CutOpus takes one access unit off a PES payload (Opus in MPEG-TS, 4.3: opus_control_header and packet).
func CutOpus(b []byte) (packet, rest []byte, err error) {
	if len(b) < 3 || b[0] != 0x7f || b[1]&0xe0 != 0xe0 {
		return nil, nil, ErrNoSync
	}
	flags := b[1]
	b = b[2:]
	size := 0
	for {
		if len(b) == 0 {
			return nil, nil, ErrShort
		}
		n := b[0]
		b = b[1:]
		size += int(n)
		if n != 0xff {
			break
		}
	}
	skip := 0
	if flags&0x10 != 0 {
		skip += 2 // start_trim
	}
	if flags&0x08 != 0 {
		skip += 2 // end_trim
	}
	if flags&0x04 != 0 { // control_extension
		if len(b) <= skip {
			return nil, nil, ErrShort
		}
		skip += 1 + int(b[skip])
	}
	if skip+size > len(b) {
		return nil, nil, ErrShort
	}
	return b[skip : skip+size], b[skip+size:], nil
}
