package mpegts

import (
	"bytes"
	"testing"

	"weir/ingest/mpegts/tstest"
	"weir/internal/media"
)

// Splices before any picture stand beside the first, sections over several packets are whole, damaged ones are left out, and ID3 comes at its
// time.
func TestEvents(t *testing.T) {
	t.Parallel()
	m := &tstest.Muxer{}
	program := tstest.Program{Number: 1, PCR: 0x100, Streams: []tstest.Stream{
		{PID: 0x100, Type: 0x1b},
		{PID: 0x120, Type: 0x86},
		{PID: 0x121, Type: 0x15, Descriptors: append([]byte{0x26, 13, 0xff, 0xff}, "ID3 \xffID3 \x00\x0f"...)},
	}}
	m.Tables(false, program)
	section := func(n int) []byte {
		s := tstest.Long(0xfc, 1, 0, bytes.Repeat([]byte{byte(n)}, n))
		s[1] &= 0x3f
		return binaryCRC(s)
	}
	m.Section(0x120, section(40))
	picture := func(i int64) {
		m.PES(0x100, 0xe0, i*3600+7200, i*3600, false, tstest.AnnexB(tstest.SPS64, tstest.PPS, tstest.Slice(true, int(i), 100)))
	}
	for i := range int64(5) {
		picture(i)
	}
	long := section(700)
	m.Section(0x120, long)
	broken := section(60)
	broken[20] ^= 1
	m.Section(0x120, broken)
	tag := append([]byte("ID3\x04\x00\x00\x00\x00\x00\x05"), "hello"...)
	m.PES(0x121, 0xbd, 12345, -1, true, append(bytes.Clone(tag), tag...))
	picture(5)
	r, err := demux(m.Bytes(), 1316, Config{})
	if err != nil || len(r.Events) != 4 || r.Drops["a table is damaged"] != 1 {
		t.Fatal(err, r.Events, r.Drops)
	}
	first, second, id3 := r.Events[0], r.Events[1], r.Events[3]
	if first.Scheme != media.SchemeSCTE35 || first.PTS != 7200 || !first.Near || !bytes.Equal(first.Data, section(40)) || first.Clock.Wrap != timeWrap {
		t.Errorf("%+v", first)
	}
	if second.PTS != 3*3600+7200 || !bytes.Equal(second.Data, long) { // the fifth picture ends with the next
		t.Errorf("at %d", second.PTS)
	}
	if id3.Scheme != media.SchemeID3 || id3.PTS != 12345 || !bytes.Equal(id3.Data, tag) {
		t.Errorf("%+v", id3)
	}
}

// binaryCRC renews a section's checksum.
func binaryCRC(s []byte) []byte {
	c := tstest.CRC(s[:len(s)-4])
	return append(s[:len(s)-4], byte(c>>24), byte(c>>16), byte(c>>8), byte(c))
}
