package testmedia

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMediaAreFound(t *testing.T) {
	root := t.TempDir()
	t.Setenv("WEIR_MEDIA", root)
	if err := os.MkdirAll(filepath.Join(root, "mp4"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "mp4", "a.mp4"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if path, ok := Path("mp4/a.mp4"); !ok || path != filepath.Join(root, "mp4", "a.mp4") || File(t, "mp4/a.mp4") != path || Find(t, "mp4/*.mp4")[0] != path {
		t.Error(path, ok)
	}
	if string(Read(t, "mp4/a.mp4")) != "a" {
		t.Error("another file")
	}
	if _, ok := Path("mp4/b.mp4"); ok {
		t.Error("there is no b")
	}
	for name, f := range map[string]func(t *testing.T){"file": func(t *testing.T) { File(t, "b") }, "find": func(t *testing.T) { Find(t, "*.flac") }} {
		ran := true
		t.Run(name, func(t *testing.T) {
			defer func() { ran = !t.Skipped() }()
			f(t)
		})
		if ran {
			t.Errorf("%s: not skipped", name)
		}
	}
	t.Setenv("WEIR_MEDIA", "")
	if got := dir(); filepath.Base(got) != "media" || filepath.Base(filepath.Dir(got)) != "shared" {
		t.Error(got)
	}
}
