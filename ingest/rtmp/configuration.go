package rtmp

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"weir/internal/media"
)

// configuration turns what a configuration packet has into Format.Config. ok is false where the packet says nothing: the frames
// of those codecs describe themselves.
func configuration(p packet) (cfg []byte, ok bool, err error) {
	switch p.Codec {
	case media.AVC, media.HEVC, media.AV1, media.AAC:
		return p.Data, len(p.Data) > 0, nil
	case media.Opus:
		cfg, err = opusConfig(p.Data)
		return cfg, err == nil, err
	case media.FLAC:
		cfg, err = flacConfig(p.Data)
		return cfg, err == nil, err
	}
	return nil, false, nil
}

// opusConfig makes the body of a dOps box (Opus in ISOBMFF, 4.3.2) of an identification header (RFC 7845, 5.1): the same fields, but
// big-endian and without the magic.
func opusConfig(h []byte) ([]byte, error) {
	const magic = "OpusHead"
	if len(h) < 19 || string(h[:8]) != magic {
		return nil, fmt.Errorf("%w: Opus header of %d bytes", errConfiguration, len(h))
	}
	cfg := bytes.Clone(h[8:])
	cfg[0] = 0 // version of the box, not of the header
	// Publishers on gortmplib 1.0 (and mediacommon 2.9) write the numbers big-endian; the sample rate shows it.
	const fastest = 768_000
	if binary.LittleEndian.Uint32(h[12:]) <= fastest || binary.BigEndian.Uint32(h[12:]) > fastest {
		binary.BigEndian.PutUint16(cfg[2:], binary.LittleEndian.Uint16(h[10:]))
		binary.BigEndian.PutUint32(cfg[4:], binary.LittleEndian.Uint32(h[12:]))
		binary.BigEndian.PutUint16(cfg[8:], binary.LittleEndian.Uint16(h[16:]))
	}
	if cfg[10] == 0 {
		return cfg[:11], nil
	}
	if n := 13 + int(cfg[1]); len(cfg) >= n {
		return cfg[:n], nil
	}
	return nil, fmt.Errorf("%w: Opus channel mapping cut off", errConfiguration)
}

// flacConfig makes the body of a dfLa box of a STREAMINFO block, with or without the block's header and the stream's marker.
func flacConfig(h []byte) ([]byte, error) {
	const streamInfo = 34 // RFC 9639, 8.2
	h = bytes.TrimPrefix(h, []byte("fLaC"))
	if len(h) >= 4+streamInfo && h[0]&0x7f == 0 {
		h = h[4:]
	}
	if len(h) < streamInfo {
		return nil, fmt.Errorf("%w: FLAC stream info of %d bytes", errConfiguration, len(h))
	}
	return append([]byte{0x80, 0, 0, streamInfo}, h[:streamInfo]...), nil
}

// describe gives the format of a codec whose frames describe themselves, from one of them.
func describe(codec media.Codec, frame []byte) (media.Format, error) {
	f := media.Format{Codec: codec}
	var err error
	switch codec {
	case media.AC3:
		f.Config, err = ac3Config(frame)
	case media.EAC3:
		f.Config, err = eac3Config(frame)
	case media.MP3:
		f.SampleRate, f.Channels, err = mp3Header(frame)
	}
	return f, err
}

// ac3Config makes the body of a dac3 box (ETSI TS 102 366, F.4) of a sync frame (4.3).
func ac3Config(frame []byte) ([]byte, error) {
	b := bitReader{p: frame}
	if b.take(16) != 0x0b77 {
		return nil, fmt.Errorf("%w: no AC-3 sync word", errMalformed)
	}
	b.take(16)
	fscod, frmsizecod := b.take(2), b.take(6)
	bsid, bsmod, acmod := b.take(5), b.take(3), b.take(3)
	if acmod&1 != 0 && acmod != 1 {
		b.take(2)
	}
	if acmod&4 != 0 {
		b.take(2)
	}
	if acmod == 2 {
		b.take(2)
	}
	lfe := b.take(1)
	if b.short || bsid > 10 || fscod == 3 || frmsizecod > 37 {
		return nil, fmt.Errorf("%w: AC-3 frame header", errMalformed)
	}
	v := fscod<<22 | bsid<<17 | bsmod<<14 | acmod<<11 | lfe<<10 | frmsizecod>>1<<5
	return []byte{byte(v >> 16), byte(v >> 8), byte(v)}, nil
}

// eac3Config makes the body of a dec3 box (ETSI TS 102 366, F.6) of an access unit: one independent substream and those that
// depend on it (E.2.3.1).
func eac3Config(frame []byte) ([]byte, error) {
	var head, size, dependents uint32
	var kbps uint32
	for p := frame; len(p) > 0; {
		b := bitReader{p: p}
		if b.take(16) != 0x0b77 {
			return nil, fmt.Errorf("%w: no E-AC-3 sync word", errMalformed)
		}
		kind := b.take(2)
		b.take(3)
		size = (b.take(11) + 1) * 2
		fscod, blkscod := b.take(2), b.take(2)
		acmod, lfe, bsid := b.take(3), b.take(1), b.take(5)
		if b.short || bsid <= 10 || bsid > 16 {
			return nil, fmt.Errorf("%w: E-AC-3 frame header", errMalformed)
		}
		switch {
		case kind == 1:
			dependents++
		case head == 0:
			if fscod == 3 {
				return nil, fmt.Errorf("%w: E-AC-3 at reduced sample rates", errUnsupported)
			}
			rate, blocks := [...]uint32{48000, 44100, 32000}[fscod], [...]uint32{1, 2, 3, 6}[blkscod]
			kbps += size * 8 * rate / (blocks * 256) / 1000
			// fscod 2, bsid 5, reserved 1, asvc 1, bsmod 3, acmod 3, lfeon 1
			head = 1<<31 | fscod<<14 | bsid<<9 | acmod<<1 | lfe
		}
		if int(size) > len(p) {
			break
		}
		p = p[size:]
	}
	if head == 0 {
		return nil, fmt.Errorf("%w: E-AC-3 without an independent substream", errMalformed)
	}
	kbps = min(kbps, 1<<13-1)
	cfg := []byte{byte(kbps >> 5), byte(kbps << 3), byte(head >> 8), byte(head), byte(min(dependents, 15) << 1)}
	if dependents > 0 {
		cfg = append(cfg, 0) // where the channels are: not said here
	}
	return cfg, nil
}

// mp3Header reads rate and channels off a frame header (ISO/IEC 11172-3, 2.4.1.3; 13818-3, 2.4.2.3).
func mp3Header(frame []byte) (rate, channels int, err error) {
	if len(frame) < 4 || frame[0] != 0xff || frame[1]&0xe0 != 0xe0 {
		return 0, 0, fmt.Errorf("%w: no MP3 sync word", errMalformed)
	}
	version, layer, code := frame[1]>>3&3, frame[1]>>1&3, frame[2]>>2&3
	if version == 1 || layer != 1 || code == 3 {
		return 0, 0, fmt.Errorf("%w: MP3 frame header", errMalformed)
	}
	rate = [...]int{44100, 48000, 32000}[code]
	switch version {
	case 2:
		rate /= 2
	case 0:
		rate /= 4
	}
	channels = 2
	if frame[3]>>6 == 3 {
		channels = 1
	}
	return rate, channels, nil
}

// bitReader reads numbers off p, most significant bit first.
type bitReader struct {
	p     []byte
	at    int // bit
	short bool
}

func (b *bitReader) take(n int) uint32 {
	var v uint32
	for range n {
		v <<= 1
		if b.at>>3 >= len(b.p) {
			b.short = true
			continue
		}
		v |= uint32(b.p[b.at>>3]>>(7-b.at&7)) & 1
		b.at++
	}
	return v
}
