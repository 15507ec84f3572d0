package movie

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"weir/internal/clip/cliptest"
	"weir/internal/media"
	"weir/manifest/manifesttest"
)

// BenchmarkDay makes the movie of 24 hours of 50 frames and 47 audio frames a second, pictures in another order than they are decoded
// in, and looks up places all over it. Its media is not there, only its sizes are.
func BenchmarkDay(b *testing.B) {
	const seconds = 24 * 60 * 60
	video, audio := manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en")
	dir := b.TempDir()
	for b.Loop() {
		m := NewBuilder(dir)
		for source, t := range []media.Track{video, audio} {
			s, err := m.strand(t, source)
			if err != nil {
				b.Fatal(err)
			}
			_, entry, err := s.entry(cliptest.Header(t))
			if err != nil {
				b.Fatal(err)
			}
			length, at := media.Ticks(1800), int64(0)
			if t.Kind == media.Audio {
				length = 1024
			}
			for i := range seconds * int64(t.Timescale) / int64(length) {
				in := sample{dts: media.Ticks(i) * length, duration: uint32(length), size: uint32(400 + i%7), sync: i%100 == 0}
				if t.Kind == media.Video {
					in.size, in.offset = uint32(12_000+i%977), int64(i%3)*int64(length)
				}
				if i%10 == 0 {
					at += 200 // a moof
				}
				if err := s.add(in, entry, at); err != nil {
					b.Fatal(err)
				}
				at += int64(in.size)
			}
		}
		head, err := os.Create(filepath.Join(dir, "head"))
		if err != nil {
			b.Fatal(err)
		}
		layout, err := os.Create(filepath.Join(dir, "map"))
		if err != nil {
			b.Fatal(err)
		}
		sizes, err := m.Finish(head, layout)
		if err != nil {
			b.Fatal(err)
		}
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapInuse)/1e6, "heap-MB")
		b.ReportMetric(float64(sizes.Head)/1e6, "head-MB")
		b.ReportMetric(float64(sizes.MapBytes())/1e6, "map-MB")
		m.Close()
		r := (&File{Sizes: sizes, HeadFile: head, Layout: layout, Sources: []io.ReaderAt{bytes.NewReader(nil), bytes.NewReader(nil)}}).Reader()
		for i := range int64(1000) {
			if _, err := r.find(sizes.Payload / 1000 * i); err != nil {
				b.Fatal(err)
			}
		}
		_, _ = head.Close(), layout.Close()
	}
}
