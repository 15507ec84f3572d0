// Package testmedia finds the media that tests use and that are no part of the repository. They lie in ../shared/media, beside the checkout, or in the
// directory that the environment variable WEIR_MEDIA names. Where they are not there, tests that need them are skipped.
package testmedia

import (
	"os"
	"path/filepath"
	"testing"
)

// dir is the directory of the media.
func dir() string {
	if d := os.Getenv("WEIR_MEDIA"); d != "" {
		return d
	}
	// A test runs in the directory of its package.
	for d := "."; ; d = filepath.Join(d, "..") {
		at, err := filepath.Abs(d)
		if err != nil || at == filepath.Dir(at) {
			return ""
		}
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "..", "shared", "media")
		}
	}
}

// Path is where a file lies, by its name with slashes; false: it is not there.
func Path(name string) (string, bool) {
	path := filepath.Join(dir(), filepath.FromSlash(name))
	_, err := os.Stat(path)
	return path, err == nil
}

// File is Path for a test that is skipped without the file.
func File(t testing.TB, name string) string {
	t.Helper()
	path, ok := Path(name)
	if !ok {
		t.Skipf("test media is absent: no %s (set WEIR_MEDIA)", path)
	}
	return path
}

// Read is what is in a file. The test is skipped without it.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(File(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Find is the files of a pattern, as filepath.Glob has it but with slashes. The test is skipped where there is none.
func Find(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir(), filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skipf("test media is absent: nothing matches %s in %s (set WEIR_MEDIA)", pattern, dir())
	}
	return paths
}
