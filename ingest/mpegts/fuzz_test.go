package mpegts

import (
	"bytes"
	"slices"
	"testing"

	"weir/ingest/mpegts/tstest"
)

// No bytes break the demuxer, and what it hands over is in bounds.
func FuzzDemuxer(f *testing.F) {
	for _, feed := range []tstest.Feed{{Frames: 3}, {Frames: 3, Bounded: true}} {
		f.Add(stream25(feed), uint16(1316), byte(0))
	}
	for kind, payload := range map[byte][]byte{
		0x03: append([]byte{0xff, 0xfd, 0xa4, 0x00}, make([]byte, 572)...),
		0x0f: append(tstest.ADTS(1, 50), tstest.ADTS(2, 60)...),
		0x11: {0x56, 0xe0, 0x10, 0x20, 0x00, 0x11, 0x90, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a},
		0x24: tstest.AnnexB([]byte{0x40, 1, 12}, []byte{0x42, 1, 1, 1}, []byte{0x44, 1, 1}, []byte{0x26, 1, 0xaf}),
		0x81: append([]byte{0x0b, 0x77, 1, 2, 0x14, 0x40, 0x43, 0xe1}, make([]byte, 600)...),
		0x87: append([]byte{0x0b, 0x77, 0x01, 0xff, 0x3f, 0x86}, make([]byte, 1100)...),
		0x15: append([]byte("ID3\x04\x00\x00\x00\x00\x00\x05"), "hello"...),
	} {
		m := &tstest.Muxer{}
		m.Tables(false, tstest.Program{Number: 1, PCR: 0x100, Streams: []tstest.Stream{{PID: 0x100, Type: kind}, {PID: 0x102, Type: 0x1b}}})
		m.PES(0x100, 0xc0, 1000, -1, true, payload)
		m.PES(0x100, 0xc0, 3000, -1, false, payload)
		m.PES(0x102, 0xe0, 3000, 2000, false, tstest.AnnexB(tstest.SPS64, tstest.PPS, tstest.Slice(true, 1, 100)))
		f.Add(m.Bytes(), uint16(188), byte(1))
	}
	opus := &tstest.Muxer{}
	opus.Tables(false, tstest.Program{Number: 1, PCR: 0x100, Streams: []tstest.Stream{
		{PID: 0x100, Type: 0x06, Descriptors: []byte{5, 4, 'O', 'p', 'u', 's', 0x7f, 2, 0x80, 2}}, {PID: 0x101, Type: 0x86},
	}})
	opus.PES(0x100, 0xbd, 1000, -1, true, []byte{0x7f, 0xe0, 3, 0xfc, 1, 2, 0x7f, 0xf0, 2, 0, 0, 0xfc, 1})
	opus.Section(0x101, tstest.Long(0xfc, 0, 0, make([]byte, 300)))
	f.Add(opus.Bytes(), uint16(1000), byte(2))
	f.Fuzz(func(t *testing.T, data []byte, piece uint16, mend byte) {
		if mend&1 != 0 { // so that mutations reach what is behind the checks
			for p := range slices.Chunk(data, packetSize) {
				if len(p) == packetSize {
					p[0] = syncByte
				}
			}
		}
		once, err := demux(bytes.Clone(data), max(1, int(piece)), Config{})
		for _, s := range once.Samples {
			if s.PTS < 0 || s.PTS >= timeWrap || s.DTS < 0 || s.DTS >= timeWrap || len(s.Data) == 0 && err == nil {
				t.Fatalf("sample at %d, %d with %d bytes", s.PTS, s.DTS, len(s.Data))
			}
		}
		if err == nil && len(once.Starts) == 0 {
			t.Fatal("neither tracks nor an error")
		}
	})
}
