package hls_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/manifest/name of the repository.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "manifest", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, w := range manifesttest.Cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := hls.Multivariant(w, manifest.Links{})
			require.NoError(t, err)
			golden(t, filepath.Join(name, "index.m3u8"), got)
			for _, track := range w.Tracks {
				got, err := hls.Media(w, track.Name, manifest.Links{}, hls.Whole)
				require.NoError(t, err)
				golden(t, filepath.Join(name, track.Name+".m3u8"), got)
			}
		})
	}
}

func TestGoldenLowLatency(t *testing.T) {
	t.Parallel()
	for name, w := range manifesttest.LowLatencyCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, track := range w.Tracks {
				got, err := hls.Media(w, track.Name, manifest.Links{}, hls.Whole)
				require.NoError(t, err)
				golden(t, filepath.Join(name, track.Name+".m3u8"), got)
			}
		})
	}
	w := manifesttest.LowLatencyCases()["low-latency"]
	links := manifest.Links{Playlists: "?dvr=60s&token=abc", Media: "?token=abc"}
	for name, render := range map[string]func() ([]byte, error){
		"v1-delta.m3u8":      func() ([]byte, error) { return hls.Media(w, "v1", manifest.Links{}, hls.Skip) },
		"v1-iframes.m3u8":    func() ([]byte, error) { return hls.IFrames(w, "v1", manifest.Links{}, hls.Whole) },
		"v1-links.m3u8":      func() ([]byte, error) { return hls.Media(w, "v1", links, hls.Skip) },
		"iframes-links.m3u8": func() ([]byte, error) { return hls.IFrames(w, "v1", links, hls.Skip) },
		"index-links.m3u8":   func() ([]byte, error) { return hls.Multivariant(w, links) },
		"index.m3u8":         func() ([]byte, error) { return hls.Multivariant(w, manifest.Links{}) },
	} {
		got, err := render()
		require.NoError(t, err)
		golden(t, filepath.Join("low-latency", name), got)
	}
}
