package dash_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/manifesttest"
)

// validate checks MPDs against the DASH schema, which lies beside the checkout, with xmllint; it skips where either is missing.
func validate(t *testing.T, docs ...[]byte) {
	t.Helper()
	schema, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "schema", "DASH-MPD.xsd"))
	require.NoError(t, err)
	if _, err := os.Stat(schema); err != nil {
		t.Skip("the DASH schema is not at ../shared/schema: ", err)
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed: ", err)
	}
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--schema", schema}
	for i, doc := range docs {
		path := filepath.Join(dir, fmt.Sprintf("%d.mpd", i))
		require.NoError(t, os.WriteFile(path, doc, 0o600))
		args = append(args, path)
	}
	if out, err := exec.Command(xmllint, args...).CombinedOutput(); err != nil {
		t.Fatalf("rule 23: %v: %s", err, out)
	}
}

// TestSchema validates MPDs of many random channels in one go (rule 23).
func TestSchema(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var docs [][]byte
	rapid.Check(t, func(t *rapid.T) {
		windows := manifesttest.Draw(t)
		doc, err := dash.MPD(windows[len(windows)-1], manifest.Links{})
		require.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		docs = append(docs, doc)
	})
	validate(t, docs...)
}
