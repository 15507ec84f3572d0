package movie

import "encoding/binary"

// header is what a progressive file needs of a CMAF header. Boxes that say the same in both are taken over byte by byte.
type header struct {
	data          []byte   // the header itself
	entries       [][]byte // sample entries, of which samples refer to the first
	width, height uint32   // of tkhd, 16.16
	volume        uint16   // of tkhd, 8.8
	matrix        [9]int32 // of tkhd
	timescale     uint32
	language      uint16 // of mdhd
	media         []byte // hdlr and elng boxes
	info          []byte // vmhd or smhd, and dinf
	defaults      defaults
}

// defaults are what samples have where a moof does not say it (trex; ISO/IEC 14496-12, 8.8.3).
type defaults struct{ duration, size, flags uint32 }

// maxEntries is how many sample entries a header may have. Ours have one.
const maxEntries = 16

// parseHeader reads a CMAF header: ftyp and moov of one track (ISO/IEC 23000-19, 7.3.1).
func parseHeader(data []byte) (*header, error) {
	h := &header{data: data}
	moov, err := child(data, "moov")
	if err != nil {
		return nil, err
	}
	trak, err := child(moov.body, "trak")
	if err != nil {
		return nil, err
	}
	if err := h.readTkhd(trak.body); err != nil {
		return nil, err
	}
	mdia, err := child(trak.body, "mdia")
	if err != nil {
		return nil, err
	}
	err = each(mdia.body, func(b box) error {
		switch b.name {
		case "mdhd":
			h.readMdhd(b.body)
		case "hdlr", "elng":
			h.media = append(h.media, b.whole...)
		case "minf":
			return h.readMinf(b.body)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if h.timescale == 0 || len(h.media) == 0 || len(h.entries) == 0 {
		return nil, malformed("a header without timescale, handler or sample entry")
	}
	if trex, err := descend(moov.body, "mvex", "trex"); err == nil && len(trex.body) >= 24 {
		f := fields{b: trex.body[12:]}
		h.defaults = defaults{f.u32(), f.u32(), f.u32()}
	}
	return h, nil
}

func (h *header) readTkhd(trak []byte) error {
	tkhd, err := child(trak, "tkhd")
	if err != nil {
		return err
	}
	const fromEnd = 4 + 4 + 36 + 2 + 2 // height, width, matrix, reserved, volume
	if n := len(tkhd.body); n >= fromEnd {
		h.volume = binary.BigEndian.Uint16(tkhd.body[n-fromEnd:])
		for i := range h.matrix {
			h.matrix[i] = int32(binary.BigEndian.Uint32(tkhd.body[n-fromEnd+4+4*i:]))
		}
		h.width, h.height = binary.BigEndian.Uint32(tkhd.body[n-8:]), binary.BigEndian.Uint32(tkhd.body[n-4:])
		return nil
	}
	return malformed("tkhd of %d bytes", len(tkhd.body))
}

func (h *header) readMdhd(body []byte) {
	f := fields{b: body}
	version, _ := f.full()
	times := 4
	if version == 1 {
		times = 8
	}
	f.take(2 * times) // creation and modification
	h.timescale = f.u32()
	f.take(times) // duration
	h.language = f.u16()
	if f.failed {
		h.timescale = 0
	}
}

func (h *header) readMinf(body []byte) error {
	return each(body, func(b box) error {
		if b.name != "stbl" {
			h.info = append(h.info, b.whole...)
			return nil
		}
		stsd, err := child(b.body, "stsd")
		if err != nil {
			return err
		}
		if len(stsd.body) < 8 {
			return malformed("stsd of %d bytes", len(stsd.body))
		}
		return each(stsd.body[8:], func(e box) error {
			if h.entries = append(h.entries, e.whole); len(h.entries) > maxEntries {
				return malformed("more than %d sample entries", maxEntries)
			}
			return nil
		})
	})
}
