package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

// discard counts bytes.
type discard struct{ bytes int64 }

func (*discard) Run(media.Run, []media.Init) error { return nil }
func (*discard) Target(time.Duration) error        { return nil }
func (d *discard) Chunk(c media.Chunk) error       { d.bytes += int64(len(c.Data)); return nil }
func (*discard) End(media.SegmentEnd) error        { return nil }
func (*discard) Signal(media.Signal) error         { return nil }

// BenchmarkPackager packages ten seconds an operation: 5 Mb/s of video at 25 frames a second and 128 kb/s of audio, in
// chunks of 200 ms.
func BenchmarkPackager(b *testing.B) {
	const length = 10 * time.Second
	y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
	y.video(0, 0, length, fps25, 50, false)
	y.audio(1, 0, length, 48000)
	bytes := int64(0)
	for i := range y.events {
		size := 25000
		if y.events[i].s.Track == 1 {
			size = 341
		}
		y.events[i].s.Data = make([]byte, size)
		bytes += int64(size)
	}
	events := y.sorted()
	out := &discard{}
	p, err := New(Config{2 * time.Second, 200 * time.Millisecond}, Resume{}, out)
	must(b, err)
	must(b, p.Start(y.formats, epoch))
	b.SetBytes(bytes)
	b.ReportAllocs()
	shift := media.Ticks(0)
	for b.Loop() {
		for _, e := range events {
			s := e.s
			s.PTS += shift
			s.DTS += shift
			must(b, p.Write(s, epoch.Add(e.arrival+shift.Duration(90000))))
		}
		shift += media.FromDuration(length, 90000)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/(float64(out.bytes)/1e9), "ns/GB")
}
