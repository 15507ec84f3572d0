package check

import (
	"encoding/binary"
	"time"
)

// track is a track of the simulated channel: media that are made from numbers alone, so that any of it can be had at any time.
type track struct {
	name      string
	timescale uint64
	frame     uint64 // ticks of a sample
	part      uint64 // samples of a part
	video     bool
}

var (
	simVideo = track{name: "v1", timescale: 90000, frame: 3600, part: 5, video: true}
	simAudio = track{name: "a1", timescale: 48000, frame: 1024, part: 9}
)

const (
	simSegment = 2 * time.Second
	simDelay   = 30 * time.Millisecond // from the end of a part to its being there
)

// ticks is the first sample of the track at or after a time.
func (t track) ticks(at time.Time) uint64 {
	exact := uint64(at.Unix())*t.timescale + uint64(at.Nanosecond())*t.timescale/1e9
	return (exact + t.frame - 1) / t.frame * t.frame
}

func (t track) time(ticks uint64) time.Time {
	return time.Unix(int64(ticks/t.timescale), int64(ticks%t.timescale*1e9/t.timescale)).UTC()
}

func box(name string, content ...[]byte) []byte {
	b := append(make([]byte, 4), name...)
	for _, c := range content {
		b = append(b, c...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func u32(values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// header makes the init segment.
func (t track) header(codec string) []byte {
	handler, entry := "soun", box("mp4a", make([]byte, 6), []byte{0, 1}, make([]byte, 8), []byte{0, 2, 0, 16, 0, 0, 0, 0}, u32(48000<<16),
		box("esds", u32(0), []byte{3, 25, 0, 1, 0, 4, 17, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x11, 0x90, 6, 1, 2}))
	if t.video {
		handler, entry = "vide", box(codec, make([]byte, 6), []byte{0, 1}, make([]byte, 16), []byte{5, 0, 2, 0xd0}, make([]byte, 50),
			box("avcC", []byte{1, 0x64, 0, 0x1f, 0xff, 0xe0, 0}))
	}
	return append(box("ftyp", []byte("cmf2"), u32(0), []byte("iso6cmfc")), box("moov",
		box("trak",
			box("tkhd", u32(7, 0, 0, 1, 0, 0)),
			box("mdia",
				box("mdhd", u32(0, 0, 0, uint32(t.timescale), 0, 0)),
				box("hdlr", u32(0, 0), []byte(handler), u32(0, 0, 0)),
				box("minf", box("stbl", box("stsd", u32(0, 1), entry))))),
		box("mvex", box("trex", u32(0, 1, 1, 0, 0, 0))))...)
}

// sample makes the bytes of a sample; key tells that it begins a segment.
func (t track) sample(ticks uint64, key bool) []byte {
	size, kind := 40, byte(0x41)
	if t.video {
		size = 90
	}
	if key && t.video {
		size, kind = 900, 0x65
	}
	b := u32(uint32(size - 4))
	b = append(b, kind)
	for i := len(b); i < size; i++ {
		b = append(b, byte(ticks/t.frame)*31+byte(i))
	}
	return b
}

// chunk makes a moof and mdat of count samples from ticks on. first tells that they begin a segment.
func (t track) chunk(ticks uint64, count uint64, first bool, shift int64) []byte {
	var run, data []byte
	for i := range count {
		key := first && i == 0
		s := t.sample(ticks+i*t.frame, key)
		flags := uint32(0x2000000)
		if t.video && !key {
			flags = 0x1010000
		}
		run = append(run, u32(uint32(t.frame), uint32(len(s)), flags)...)
		data = append(data, s...)
	}
	build := func(offset uint32) []byte {
		return box("moof", box("mfhd", u32(0, 1)), box("traf",
			box("tfhd", u32(0x20000, 1)),
			box("tfdt", u32(1<<24), u64(uint64(int64(ticks)+shift))),
			box("trun", u32(0x701, uint32(count), offset), run)))
	}
	moof := build(0)
	return append(build(uint32(len(moof)+8)), box("mdat", data)...)
}
