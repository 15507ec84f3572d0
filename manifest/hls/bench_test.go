package hls_test

import (
	"strconv"
	"testing"

	"weir/manifest"
	"weir/manifest/hls"
)

// lengths are windows of 2 min and of 12 h.
var lengths = []int{60, 21600}

// BenchmarkMedia is what the pure function costs.
func BenchmarkMedia(b *testing.B) {
	for _, n := range lengths {
		w := long(n).Window()
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := hls.Media(w, "v1", manifest.Links{}, hls.Whole); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRenderer is what a new chunk costs: playlists of a window whose rows are known.
func BenchmarkRenderer(b *testing.B) {
	for name, c := range map[string]struct {
		delta hls.Delta
		zip   bool
		links manifest.Links
	}{
		"delta": {delta: hls.Skip}, "delta-zip": {delta: hls.Skip, zip: true},
		"full": {}, "full-zip": {zip: true}, "full-links": {links: manifest.Links{Media: "?token=0123456789abcdef"}},
	} {
		for _, n := range lengths {
			w := long(n).Window()
			b.Run(name+"/"+strconv.Itoa(n), func(b *testing.B) {
				r, size := hls.NewRenderer(), 0
				once := func() {
					p, err := r.Media(w, "v1", c.links, c.delta)
					if err != nil {
						b.Fatal(err)
					}
					if size = len(p.Text); c.zip {
						size = len(p.Gzip())
					}
				}
				once()
				b.ReportAllocs()
				for b.Loop() {
					once()
				}
				b.ReportMetric(float64(size), "bytes")
			})
		}
	}
}

func BenchmarkMultivariant(b *testing.B) {
	for _, n := range lengths {
		w := long(n).Window()
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r := hls.NewRenderer()
			if _, err := r.Multivariant(w, manifest.Links{}); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Multivariant(w, manifest.Links{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLast is what a waiter costs at each wake-up.
func BenchmarkLast(b *testing.B) {
	w := long(60).Window()
	b.ReportAllocs()
	for b.Loop() {
		if e, ok := hls.Last(w, "a1"); !ok || e.Has(0, 0) != true {
			b.Fatal("no edge")
		}
	}
}
