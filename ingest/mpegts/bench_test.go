package mpegts

import (
	"testing"

	"weir/ingest/mpegts/tstest"
	"weir/internal/media"
)

// discard is a feed that keeps nothing.
type discard struct{}

func (discard) Start([]media.Format) error { return nil }
func (discard) Write(media.Sample) error   { return nil }
func (discard) Event(media.Event) error    { return nil }
func (discard) Dropped(string)             {}

// What it costs to take a transport stream apart, datagram by datagram.
func BenchmarkDemuxer(b *testing.B) {
	m := &tstest.Muxer{}
	m.Tables(false, tstest.Program{Number: 1, PCR: 0x100, Streams: []tstest.Stream{{PID: 0x100, Type: 0x1b}, {PID: 0x101, Type: 0x0f}}})
	for i := range int64(250) { // 10 s at 5 Mbit/s
		m.PES(0x100, 0xe0, i*3600, -1, false, tstest.AnnexB(tstest.SPS64, tstest.PPS, tstest.Slice(i%25 == 0, int(i), 24_000)))
		m.PES(0x101, 0xc0, i*3600, -1, true, append(tstest.ADTS(int(i), 320), tstest.ADTS(int(i), 320)...))
	}
	stream := m.Bytes()
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		d := NewDemuxer(discard{}, Config{})
		for at := 0; at < len(stream); at += 1316 {
			if _, err := d.Write(stream[at:min(at+1316, len(stream))]); err != nil {
				b.Fatal(err)
			}
		}
		if err := d.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}
