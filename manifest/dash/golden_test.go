package dash_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
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
	for name, w := range cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := dash.MPD(w, manifest.Links{})
			require.NoError(t, err)
			golden(t, filepath.Join(name, "manifest.mpd"), got)
			validate(t, got)
		})
	}
}

// cases are the ordinary ones and those of low latency.
func cases() map[string]*media.Window {
	all := manifesttest.Cases()
	maps.Copy(all, manifesttest.LowLatencyCases())
	return all
}
