package cmaf

import (
	"bytes"
	"encoding/binary"
)

// be are numbers of that many bytes each.
func be(size int, values ...uint64) []byte {
	var b []byte
	for _, v := range values {
		b = append(b, binary.BigEndian.AppendUint64(nil, v)[8-size:]...)
	}
	return b
}

// mp4box is a box of these parts.
func mp4box(name string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(be(4, uint64(8+len(body))), name...), body...)
}

// moov is a header of one track with that handler and sample entry, on a clock of scale ticks.
func moov(id, scale uint64, handler string, entry []byte, edits ...[]byte) []byte {
	mdia := mp4box("mdia",
		mp4box("mdhd", be(4, 0, 0, 0, scale, 0), be(2, 0x55c4, 0)),
		mp4box("hdlr", be(4, 0, 0), []byte(handler), make([]byte, 13)),
		mp4box("minf", mp4box("stbl", mp4box("stsd", be(4, 0, 1), entry))))
	trak := [][]byte{mp4box("tkhd", be(4, 3, 0, 0, id), make([]byte, 68))}
	trak = append(trak, edits...)
	return bytes.Join([][]byte{
		mp4box("ftyp", []byte("cmfc"), be(4, 0), []byte("iso6cmfc")),
		mp4box("moov", mp4box("mvhd", be(4, 0, 0, 0, 1000), make([]byte, 84)), mp4box("trak", append(trak, mdia)...),
			mp4box("mvex", mp4box("trex", be(4, 0, id, 1, 0, 0, 0)))),
	}, nil)
}

// aacEntry is a sample entry of AAC-LC in stereo at 48 kHz.
func aacEntry() []byte {
	es := []byte{3, 25, 0, 0, 0, 4, 17, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x11, 0x90, 6, 1, 2}
	es[1] = byte(len(es) - 2)
	return mp4box("mp4a", make([]byte, 6), be(2, 1), make([]byte, 8), be(2, 2, 16, 0, 0), be(4, 48000<<16), mp4box("esds", be(4, 0), es))
}

// part is one sample of a fragment.
type part struct {
	duration uint64
	data     string
}

// segment is a moof and an mdat.
func segment(id, decode uint64, parts ...part) []byte {
	var entries, data []byte
	for _, p := range parts {
		entries = append(entries, be(4, p.duration, uint64(len(p.data)))...)
		data = append(data, p.data...)
	}
	moof := func(offset uint64) []byte {
		return mp4box("moof", mp4box("mfhd", be(4, 0, 1)), mp4box("traf",
			mp4box("tfhd", be(4, 0x020000, id)),
			mp4box("tfdt", be(4, 1<<24), be(8, decode)),
			mp4box("trun", be(4, 0x301, uint64(len(parts)), offset), entries)))
	}
	return append(moof(uint64(len(moof(0))+8)), mp4box("mdat", data)...)
}

// sound is a segment of n frames of AAC from the frame of that number on, each with its number as its bytes.
func sound(from, n int) []byte {
	parts := make([]part, n)
	for i := range parts {
		parts[i] = part{1024, string(be(8, uint64(from+i)))}
	}
	return segment(1, uint64(from)*1024, parts...)
}

func soundHeader() []byte { return moov(1, 48000, "soun", aacEntry()) }
