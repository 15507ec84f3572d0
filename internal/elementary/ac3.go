package elementary

import "weir/internal/media"

// ac3Rates are in Hz, by fscod (ETSI TS 102 366, table 4.1).
var ac3Rates = [...]int{48000, 44100, 32000}

// ac3Kbps are data rates by frmsizecod/2; at 44.1 kHz its last bit adds a word (ETSI TS 102 366, table 4.13).
var ac3Kbps = [...]int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640}

// AC3 finds sync frames (ETSI TS 102 366, 4.3).
type AC3 struct{}

// Most is a frame of 640 kbit/s at 32 kHz.
func (AC3) Most() int { return 3840 }

// Next reads a sync frame.
func (AC3) Next(b []byte) (Frame, error) {
	if len(b) > 0 && b[0] != 0x0b || len(b) > 1 && b[1] != 0x77 {
		return Frame{}, ErrNoSync
	}
	if len(b) < 8 {
		return Frame{}, ErrShort
	}
	r := bitReader{data: b[:8], pos: 32}
	fscod, frmsizecod := r.take(2), r.take(6)
	bsid, bsmod, acmod := r.take(5), r.take(3), r.take(3)
	if bsid > 10 || int(fscod) >= len(ac3Rates) || int(frmsizecod>>1) >= len(ac3Kbps) {
		return Frame{}, ErrNoSync
	}
	if acmod&1 != 0 && acmod != 1 {
		r.skip(2)
	}
	if acmod&4 != 0 {
		r.skip(2)
	}
	if acmod == 2 {
		r.skip(2)
	}
	lfe := r.take(1)
	rate, kbps := ac3Rates[fscod], ac3Kbps[frmsizecod>>1]
	words := kbps * 1000 / 16 * 1536 / rate
	if fscod == 1 {
		words += int(frmsizecod & 1)
	}
	f := Frame{Size: 2 * words, Samples: 1536, Rate: rate}
	if f.Size > len(b) {
		return f, ErrShort
	}
	f.Payload = [][]byte{b[:f.Size]}
	v := fscod<<22 | bsid<<17 | bsmod<<14 | acmod<<11 | lfe<<10 | frmsizecod>>1<<5
	f.Format = media.Format{Codec: media.AC3, Config: []byte{byte(v >> 16), byte(v >> 8), byte(v)}}
	return f, nil
}
