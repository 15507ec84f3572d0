package mp4

import (
	"fmt"
	"strings"
)

// entry reads a sample entry (8.5.2, 12.1.3, 12.2.3) and the configuration within it.
func (t *Track) entry(e *Box) {
	t.Entry = e.Type
	skip := 8
	r := reader{b: e.body}
	switch t.Handler {
	case "vide":
		r.skip(24)
		t.Width, t.Height = r.u16(), r.u16()
		skip = 78
	case "soun":
		r.skip(8)
		version := r.u16()
		r.skip(14)
		t.Rate = int(r.u32() >> 16)
		skip = 28
		if version == 1 { // QuickTime
			skip = 44
		}
	}
	inside, _ := e.children(skip)
	box := func(name string) *Box {
		for i := range inside {
			if inside[i].Type == name {
				return &inside[i]
			}
		}
		return nil
	}
	if strings.HasPrefix(t.Entry, "enc") {
		t.Encrypted = true
		if sinf := box("sinf"); sinf != nil {
			if frma, err := sinf.find("frma"); err == nil && len(frma.body) >= 4 {
				t.Entry = string(frma.body[:4])
			}
		}
	}
	if colr := box("colr"); colr != nil && len(colr.body) >= 10 && string(colr.body[:4]) == "nclx" {
		t.Transfer = int(colr.body[6])<<8 | int(colr.body[7])
	}
	t.codecs(box)
}

// codecs makes the RFC 6381 string that the configuration stands for.
func (t *Track) codecs(box func(string) *Box) {
	switch t.Entry {
	case "avc1", "avc3":
		if b := box("avcC"); b != nil && len(b.body) >= 5 {
			t.Codecs = fmt.Sprintf("%s.%02x%02x%02x", t.Entry, b.body[1], b.body[2], b.body[3])
			t.LengthOf = int(b.body[4]&3) + 1
		}
	case "hvc1", "hev1":
		if b := box("hvcC"); b != nil && len(b.body) >= 22 {
			t.Codecs = hevcCodecs(t.Entry, b.body)
			t.LengthOf = int(b.body[21]&3) + 1
		}
	case "av01":
		if b := box("av1C"); b != nil && len(b.body) >= 4 {
			t.Codecs = av1Codecs(b.body)
		}
	case "vp09":
		if b := box("vpcC"); b != nil && len(b.body) >= 8 {
			t.Codecs = fmt.Sprintf("vp09.%02d.%02d.%02d", b.body[4], b.body[5], b.body[6]>>4)
		}
	case "mp4a":
		if b := box("esds"); b != nil && len(b.body) >= 4 {
			t.Codecs = audioCodecs(b.body[4:])
		}
	case "Opus":
		t.Codecs = "opus"
	case "ac-3", "ec-3", "fLaC", "stpp", "wvtt":
		t.Codecs = t.Entry
	}
}

// hevcCodecs is ISO/IEC 14496-15, annex E.3.
func hevcCodecs(entry string, c []byte) string {
	space := []string{"", "A", "B", "C"}[c[1]>>6]
	tier := "L"
	if c[1]&0x20 != 0 {
		tier = "H"
	}
	compatible := uint32(0)
	for i := range 32 { // in reverse order of bits
		compatible |= uint32(c[2+i/8]>>(7-i%8)&1) << i
	}
	s := fmt.Sprintf("%s.%s%d.%X.%s%d", entry, space, c[1]&0x1f, compatible, tier, c[12])
	last := 12
	for last > 6 && c[last-1] == 0 {
		last--
	}
	for _, b := range c[6:last] {
		s += fmt.Sprintf(".%X", b)
	}
	return s
}

// av1Codecs is the short form of the AV1 file format's section 5.
func av1Codecs(c []byte) string {
	tier := "M"
	if c[2]&0x80 != 0 {
		tier = "H"
	}
	depth := 8
	if c[2]&0x40 != 0 {
		if depth = 10; c[1]>>5 == 2 && c[2]&0x20 != 0 {
			depth = 12
		}
	}
	return fmt.Sprintf("av01.%d.%02d%s.%02d", c[1]>>5, c[1]&0x1f, tier, depth)
}

// audioCodecs reads an ES descriptor (ISO/IEC 14496-1, 7.2.6): the object type, and that of the audio in its specific configuration.
func audioCodecs(b []byte) string {
	r := reader{b: b}
	if tag, _ := descriptor(&r); tag != 3 {
		return ""
	}
	r.skip(2)
	flags := r.u8()
	if flags&0x80 != 0 {
		r.skip(2)
	}
	if flags&0x40 != 0 {
		r.skip(r.u8())
	}
	if flags&0x20 != 0 {
		r.skip(2)
	}
	if tag, _ := descriptor(&r); tag != 4 {
		return ""
	}
	object := r.u8()
	r.skip(12)
	s := fmt.Sprintf("mp4a.%02x", object)
	if object != 0x40 || r.short {
		return s
	}
	if tag, size := descriptor(&r); tag != 5 || size == 0 {
		return s
	}
	first := r.u8()
	kind := first >> 3
	if kind == 31 {
		kind = 32 + first&7<<3 + r.u8()>>5
	}
	return fmt.Sprintf("%s.%d", s, kind)
}

// descriptor reads the tag and the size of a descriptor.
func descriptor(r *reader) (tag, size int) {
	tag = r.u8()
	for range 4 {
		c := r.u8()
		size = size<<7 | c&0x7f
		if c&0x80 == 0 {
			break
		}
	}
	return tag, size
}
