package hls_test

import (
	"strconv"
	"testing"
	"time"

	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

func BenchmarkMedia(b *testing.B) {
	for _, n := range []int{60, 3600, 21600} {
		c := manifesttest.New(1 << 20)
		c.Run(0, manifesttest.AVC(1, 1920, 1080, "avc1.640028"), manifesttest.AAC("a1", 1, 48000, "en"))
		c.Rows(n, 2*time.Second, 5_000_000)
		w := c.Window()
		for _, track := range w.Tracks {
			b.Run(track.Name+"/"+strconv.Itoa(n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					doc, err := hls.Media(w, track.Name, manifest.Links{}, false)
					if err != nil {
						b.Fatal(err)
					}
					b.SetBytes(int64(len(doc)))
				}
			})
		}
	}
}

func BenchmarkMultivariant(b *testing.B) {
	c := manifesttest.New(0)
	c.Run(0, manifesttest.AVC(1, 1920, 1080, "avc1.640028"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(3600, 2*time.Second, 5_000_000)
	w := c.Window()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := hls.Multivariant(w, manifest.Links{}); err != nil {
			b.Fatal(err)
		}
	}
}
