package movie

import (
	"testing"
	"time"

	"weir/internal/clip/cliptest"
	"weir/internal/media"
	"weir/manifest/manifesttest"
)

func FuzzSegment(f *testing.F) {
	c := manifesttest.New(0)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(1, time.Second, 100_000)
	w := cliptest.Fill(c.Window(), 1).Window
	for _, s := range w.Rows.At(0).Segments {
		f.Add(s.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		_ = samples(data, defaults{}, func(s sample) error {
			if n++; s.at < 0 || s.at+int(s.size) > len(data) || s.dts < 0 {
				t.Fatalf("%+v of %d bytes", s, len(data))
			}
			return nil
		})
		if n > maxSamples {
			t.Fatal(n)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add(cliptest.Header(manifesttest.AVC(1, 1280, 720, "avc1.64001f")))
	f.Add(cliptest.Header(media.Track{Kind: media.Audio, Codec: media.AC3, Timescale: 48000, SampleRate: 48000, Channels: 6}))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parseHeader(data)
		if err == nil && (h.timescale == 0 || len(h.entries) == 0 || len(h.entries) > maxEntries) {
			t.Fatalf("%+v", h)
		}
	})
}
