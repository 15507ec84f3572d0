package elementary

import (
	"fmt"

	"weir/internal/media"
)

// LATM finds AAC frames in an AudioSyncStream (LOAS; ISO/IEC 14496-3, 1.7.2). It keeps the configuration that the stream said last.
type LATM struct {
	known     bool
	subFrames int
	config    []byte // AudioSpecificConfig
	rate      int    // of the core, in Hz
	samples   int    // of the core, a frame
}

const latmHeader = 3

// Most is the largest audioMuxLengthBytes with its header.
func (*LATM) Most() int { return latmHeader + 1<<13 - 1 }

// Next reads an AudioSyncStream's next AudioMuxElement. Before the first configuration, frames have no payload.
func (l *LATM) Next(b []byte) (Frame, error) {
	if len(b) > 0 && b[0] != 0x56 || len(b) > 1 && b[1]&0xe0 != 0xe0 {
		return Frame{}, ErrNoSync
	}
	if len(b) < latmHeader {
		return Frame{}, ErrShort
	}
	size := latmHeader + int(b[1]&0x1f)<<8 + int(b[2])
	if size > len(b) {
		return Frame{Size: size}, ErrShort
	}
	f := Frame{Size: size}
	r := &bitReader{data: b[latmHeader:size]}
	if !r.flag() { // useSameStreamMux
		l.known = false
		if err := l.configure(r); err != nil {
			return f, err
		}
		l.known = true
	}
	if !l.known {
		return f, nil
	}
	for range l.subFrames {
		length := 0
		for {
			n := int(r.take(8))
			length += n
			if n != 255 {
				break
			}
		}
		payload := r.copyBits(length * 8)
		if r.over {
			return Frame{}, ErrNoSync
		}
		if length > 0 {
			f.Payload = append(f.Payload, payload)
		}
	}
	f.Samples, f.Rate = l.samples, l.rate
	f.Format = media.Format{Codec: media.AAC, Config: l.config}
	return f, nil
}

// configure reads a StreamMuxConfig (1.7.3.1): one program of one layer, which is what is broadcast.
func (l *LATM) configure(r *bitReader) error {
	version := r.take(1)
	if version == 1 && r.take(1) == 1 {
		return fmt.Errorf("%w: LATM of a later version", ErrUnsupported)
	}
	if version == 1 {
		latmValue(r)
	}
	same := r.flag()
	l.subFrames = int(r.take(6)) + 1
	if programs, layers := r.take(4), r.take(3); !same || programs != 0 || layers != 0 {
		return fmt.Errorf("%w: LATM with several programs or layers", ErrUnsupported)
	}
	bits := -1 // of the AudioSpecificConfig: not said
	if version == 1 {
		bits = latmValue(r)
	}
	begin := r.pos
	if err := l.specific(r); err != nil {
		return err
	}
	if bits < 0 {
		bits = r.pos - begin
	}
	r.pos = begin
	l.config = r.copyBits(bits)
	if kind := r.take(3); kind != 0 {
		return fmt.Errorf("%w: LATM with frames of type %d", ErrUnsupported, kind)
	}
	r.skip(8)
	if r.flag() { // otherDataPresent: its length; the data stand behind the payload
		if version == 1 {
			latmValue(r)
		} else {
			for r.flag() {
				r.skip(8)
			}
			r.skip(8)
		}
	}
	if r.flag() {
		r.skip(8)
	}
	if r.over {
		return fmt.Errorf("%w: LATM configuration is cut off", ErrUnsupported)
	}
	return nil
}

// specific reads an AudioSpecificConfig (1.6.2.1) to its end.
func (l *LATM) specific(r *bitReader) error {
	object := aacObject(r)
	l.rate = aacRate(r)
	channels := r.take(4)
	if object == 5 || object == 29 { // SBR, PS
		aacRate(r)
		object = aacObject(r)
	}
	switch object {
	case 1, 2, 4: // Main, LC, LTP
	default:
		return fmt.Errorf("%w: AAC of object type %d", ErrUnsupported, object)
	}
	if channels == 0 {
		return fmt.Errorf("%w: AAC with its channels in a program config element", ErrUnsupported)
	}
	l.samples = 1024
	if r.flag() {
		l.samples = 960
	}
	if r.flag() {
		r.skip(14)
	}
	r.skip(1)
	if r.over || l.rate == 0 {
		return fmt.Errorf("%w: AudioSpecificConfig", ErrUnsupported)
	}
	return nil
}

// latmValue is LatmGetValue() (1.7.3.1).
func latmValue(r *bitReader) int {
	n, v := int(r.take(2)), 0
	for range n + 1 {
		v = v<<8 | int(r.take(8))
	}
	return min(v, 1<<20)
}

func aacObject(r *bitReader) int {
	if v := r.take(5); v != 31 {
		return int(v)
	}
	return 32 + int(r.take(6))
}

// aacRate is 0 for an index that is reserved.
func aacRate(r *bitReader) int {
	i := int(r.take(4))
	if i == 15 {
		return int(r.take(24))
	}
	if i < len(aacRates) {
		return aacRates[i]
	}
	return 0
}
