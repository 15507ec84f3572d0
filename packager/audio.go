package packager

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"weir/internal/media"
)

// describeOpus reads the body of a dOps box (Opus in ISOBMFF, 4.3.2). Pre-skip stays there: no edit list is written.
func describeOpus(d *description, f media.Format) error {
	c := f.Config
	if len(c) < 11 || c[0] != 0 {
		return fmt.Errorf("not the body of a dOps box: %w", ErrConfig)
	}
	if family := c[10]; family != 0 && len(c) < 13+int(c[1]) || family == 0 && c[1] > 2 {
		return fmt.Errorf("dOps: mapping of %d channels: %w", c[1], ErrConfig)
	}
	d.entry, d.box, d.payload = "Opus", "dOps", c
	d.Codecs = "opus"
	d.SampleRate, d.Channels = 48000, int(c[1])
	return nil
}

// opusDuration is how long a packet is, in 1/48000 s, by its first bytes (RFC 6716, 3.1); 0 for a malformed one.
func opusDuration(p []byte) media.Ticks {
	if len(p) == 0 {
		return 0
	}
	var frame media.Ticks
	switch config := p[0] >> 3; {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		frame = [...]media.Ticks{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		frame = [...]media.Ticks{480, 960}[config&1]
	default: // CELT: 2.5, 5, 10, 20 ms
		frame = [...]media.Ticks{120, 240, 480, 960}[config&3]
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
	if n := media.Ticks(p[1] & 63); n*frame <= 5760 {
		return n * frame
	}
	return 0
}

// ac3Rates and ac3Channels are ETSI TS 102 366, tables 4.1 and 4.3.
var (
	ac3Rates    = [...]int{48000, 44100, 32000, 0}
	ac3Channels = [...]int{2, 1, 2, 3, 3, 4, 4, 5}
)

// describeAC3 reads the body of a dac3 box (ETSI TS 102 366, F.4.1).
func describeAC3(d *description, f media.Format) error {
	if len(f.Config) != 3 {
		return fmt.Errorf("body of a dac3 box has 3 bytes, not %d: %w", len(f.Config), ErrConfig)
	}
	r := &bitReader{data: f.Config}
	d.SampleRate = ac3Rates[r.bits(2)]
	r.skip(8)
	d.Channels = ac3Channels[r.bits(3)] + int(r.bits(1))
	d.entry, d.box, d.payload = "ac-3", "dac3", f.Config
	d.Codecs, d.perFrame = "ac-3", 1536
	return nil
}

// describeEAC3 reads the body of a dec3 box (ETSI TS 102 366, F.6.1): the channels of the first independent substream with
// those that its dependent substreams add. A frame of six blocks is the rule, so the frame grid assumes it.
func describeEAC3(d *description, f media.Format) error {
	r := &bitReader{data: f.Config}
	r.skip(13)
	substreams := r.bits(3) + 1 // independent ones
	d.SampleRate = ac3Rates[r.bits(2)]
	r.skip(5 + 1 + 1 + 3)
	d.Channels = ac3Channels[r.bits(3)] + int(r.bits(1))
	r.skip(3)
	if r.bits(4) > 0 {
		// Chan_loc, table F.6.1: pairs Lc/Rc, Lrs/Rrs, Lsd/Rsd, Lw/Rw, Lvh/Rvh and single Cs, Ts, Cvh, LFE2.
		loc := r.bits(9)
		const pairs, singles = 0b001110011, 0b110001100
		d.Channels += 2*bits.OnesCount32(loc&pairs) + bits.OnesCount32(loc&singles)
	} else {
		r.skip(1)
	}
	if substreams == 1 && r.left() >= 16 { // ETSI TS 103 420, C.3.2: there is Dolby Atmos
		r.skip(7)
		if r.flag() {
			d.Objects = int(r.bits(8))
		}
	}
	if r.over {
		return fmt.Errorf("body of a dec3 box is cut off: %w", ErrConfig)
	}
	d.entry, d.box, d.payload = "ec-3", "dec3", f.Config
	d.Codecs, d.perFrame = "ec-3", 1536
	return nil
}

// describeFLAC reads the metadata blocks of a dfLa box; the first is STREAMINFO (RFC 9639, 8.2).
func describeFLAC(d *description, f media.Format) error {
	c := f.Config
	if len(c) < 38 || c[0]&0x7f != 0 || c[1] != 0 || c[2] != 0 || c[3] != 34 {
		return fmt.Errorf("no STREAMINFO: %w", ErrConfig)
	}
	for rest := c; ; {
		if len(rest) < 4 {
			return fmt.Errorf("metadata block is cut off: %w", ErrConfig)
		}
		n := int(rest[1])<<16 | int(rest[2])<<8 | int(rest[3])
		if n > len(rest)-4 {
			return fmt.Errorf("metadata block is cut off: %w", ErrConfig)
		}
		if rest[0]&0x80 != 0 {
			break
		}
		rest = rest[4+n:]
	}
	info := c[4:38]
	v := binary.BigEndian.Uint32(info[10:])
	d.SampleRate, d.Channels = int(v>>12), int(v>>9&7)+1
	d.sampleBits = uint16(v>>4&31) + 1 // Chromium refuses an entry that says otherwise than STREAMINFO
	if least, most := binary.BigEndian.Uint16(info), binary.BigEndian.Uint16(info[2:]); least == most {
		d.perFrame = media.Ticks(least)
	}
	d.entry, d.box = "fLaC", "dfLa"
	d.payload = append(make([]byte, 4, 4+len(c)), c...) // version and flags of the FullBox
	d.Codecs = "fLaC"
	return nil
}

// describeMP3 has rate and channels from the format. The sample entry is mp4a with the object type of MPEG-1 or MPEG-2 audio, and Codecs is
// just that (RFC 6381, 3.3), with which browsers that play MP3 in MP4 know it. The name mp4a.40.34 is of another sample entry, and has a
// meaning of its own to players of HLS: hls.js takes it for bare MP3, and ends with an error at what is in MP4.
func describeMP3(d *description, f media.Format) error {
	d.SampleRate, d.Channels = f.SampleRate, f.Channels
	if f.Channels > 2 {
		return fmt.Errorf("%d channels of MP3: %w", f.Channels, ErrConfig)
	}
	d.entry, d.objectType, d.perFrame = "mp4a", 0x6b, 1152
	if f.SampleRate < 32000 {
		d.objectType, d.perFrame = 0x69, 576
	}
	d.Codecs = fmt.Sprintf("mp4a.%X", d.objectType)
	return nil
}

// describeMP2 is describeMP3 for layer II: 1152 samples a frame at every rate. The object type does not tell it from MP3, so Codecs is
// MPEG-4's name for it: a browser that has MP3 alone leaves it alone.
func describeMP2(d *description, f media.Format) error {
	if err := describeMP3(d, f); err != nil {
		return err
	}
	d.perFrame, d.Codecs = 1152, "mp4a.40.33"
	return nil
}
