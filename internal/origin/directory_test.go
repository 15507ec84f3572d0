//go:build unix

package origin

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// put writes a file of a test.
func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestDirectoryFileIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := pattern(100_000, 1)
	put(t, filepath.Join(dir, "films/a b.mp4"), data)
	o := directories(t, map[string]string{"films": dir})
	f := opened(t, o, []string{"films"}, "films/a b.mp4")
	if f.Size() != 100_000 || f.Site() != "films" || f.Tag() == "" {
		t.Fatalf("size %d, site %q, tag %q", f.Size(), f.Site(), f.Tag())
	}
	for _, span := range [][2]int64{{0, 100_000}, {0, 1}, {99_999, 1}, {1234, 70_000}, {0, 0}, {100_000, 0}} {
		got, err := stretchOf(t.Context(), f, span[0], span[1])
		if err != nil || !bytes.Equal(got, data[span[0]:span[0]+span[1]]) {
			t.Errorf("%v: %d bytes, %v", span, len(got), err)
		}
	}
	for _, span := range [][2]int64{{-1, 5}, {0, -1}, {0, 100_001}, {100_001, 0}, {99_999, 1 << 62}} {
		if r, err := f.Open(t.Context(), span[0], span[1]); err == nil {
			_ = r.Close()
			t.Errorf("%v: no error", span)
		}
	}
}

func TestDirectoryGivesNothingButItsRegularFiles(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "site")
	put(t, filepath.Join(top, "secret"), []byte("secret"))
	put(t, filepath.Join(dir, "in/file"), []byte("fine"))
	for link, to := range map[string]string{
		"out": "../secret", "far": filepath.Join(top, "secret"), "up": "..", "inside": "in/file", "loop": "loop", "dangling": "none",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := directories(t, map[string]string{"films": dir})
	for path, want := range map[string]error{
		"out": ErrRefused, "far": ErrRefused, "up/secret": ErrRefused, "loop": ErrRefused,
		"fifo": ErrUnavailable, "in": ErrUnavailable, "dangling": ErrNotFound, "none": ErrNotFound, "in/file/below": ErrNotFound,
		"../secret": ErrNotFound, "in/../../secret": ErrNotFound, "/etc/passwd": ErrNotFound, filepath.Join(top, "secret"): ErrNotFound,
		"": ErrNotFound, ".": ErrNotFound, "..": ErrNotFound, "in//file": ErrNotFound, "in/": ErrNotFound, `in\file`: ErrNotFound,
		"a\x00b": ErrNotFound, "a\nb": ErrNotFound, "\xff": ErrNotFound, strings.Repeat("a", 300): ErrNotFound, strings.Repeat("a/", 600) + "a": ErrNotFound,
	} {
		f, err := o.Open(t.Context(), []string{"films"}, path)
		if !errors.Is(err, want) {
			t.Errorf("%.40q: %v, want %v", path, err, want)
		}
		if err == nil {
			_ = f.Close()
		}
	}
	got, err := stretchOf(t.Context(), opened(t, o, []string{"films"}, "inside"), 0, 4)
	if err != nil || string(got) != "fine" {
		t.Errorf("a link inside: %q, %v", got, err)
	}
	if st := o.Stats()[0]; !st.Healthy {
		t.Errorf("the site is down for files that it does not give: %s", st.Why)
	}
}

func TestDirectoryFileThatIsReplacedIsReadAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "film")
	old, young := pattern(5000, 1), pattern(5000, 2)
	put(t, path, old)
	o := directories(t, map[string]string{"films": dir})
	f := opened(t, o, []string{"films"}, "film")
	put(t, path+".new", young)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if got, err := stretchOf(t.Context(), f, 0, 5000); err != nil || !bytes.Equal(got, old) {
		t.Errorf("not the old bytes: %v", err)
	}
	g := opened(t, o, []string{"films"}, "film")
	if got, err := stretchOf(t.Context(), g, 0, 5000); err != nil || !bytes.Equal(got, young) {
		t.Errorf("not the new bytes: %v", err)
	}
	if f.Tag() == g.Tag() {
		t.Error("both have the same tag")
	}
}

func TestDirectoryFileThatChangesIsNotRead(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"truncated": func(p string) error { return os.Truncate(p, 4000) },
		"appended": func(p string) error {
			f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return errors.Join(err, f.Close())
		},
		"overwritten": func(p string) error { return os.WriteFile(p, pattern(5000, 2), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "film")
			put(t, path, pattern(5000, 1))
			// Long ago: what is written within one tick of the file system's clock cannot be told apart.
			if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
			o := directories(t, map[string]string{"films": dir})
			f := opened(t, o, []string{"films"}, "film")
			r, err := f.Open(t.Context(), 0, 5000)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 1000)
			if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, pattern(5000, 1)[:1000]) {
				t.Fatalf("before the change: %v", err)
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(r); !errors.Is(err, ErrChanged) || len(rest) > 0 {
				t.Errorf("%d bytes after the change, %v", len(rest), err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if _, err := f.Open(t.Context(), 0, 1); !errors.Is(err, ErrChanged) {
				t.Errorf("opened after the change: %v", err)
			}
		})
	}
}

func TestReadersOutliveTheirFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "film"), pattern(5000, 1))
	o := directories(t, map[string]string{"films": dir})
	f := opened(t, o, []string{"films"}, "film")
	r, err := f.Open(t.Context(), 0, 5000)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, pattern(5000, 1)) {
		t.Errorf("after the file was closed: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Read(make([]byte, 1)); err == nil {
		t.Error("a closed reader gives bytes")
	}
	if _, err := f.Open(t.Context(), 0, 1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file is opened: %v", err)
	}
}

func TestDirectoryMountedLater(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mnt")
	o := directories(t, map[string]string{"films": dir})
	if _, err := o.Open(t.Context(), []string{"films"}, "film"); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
		t.Errorf("without the directory: %v", err)
	}
	put(t, filepath.Join(dir, "film"), []byte("there"))
	if f := opened(t, o, []string{"films"}, "film"); f.Size() != 5 {
		t.Errorf("size %d", f.Size())
	}
}

func TestDirectoryIsListed(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "site")
	put(t, filepath.Join(top, "secret"), []byte("secret"))
	for _, name := range []string{"b.mp4", "a/2.mp4", "a/1.mp4", "a.mp4", ".hidden", ".git/config", "a/.DS_Store", "a/b/c/d.mp4", "ü/é.flac"} {
		put(t, filepath.Join(dir, name), []byte(name))
	}
	for link, to := range map[string]string{"out.mp4": "../secret", "in.mp4": "a/1.mp4", "up": "..", "folder": "a"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo.mp4"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := directories(t, map[string]string{"films": dir})
	for _, tc := range []struct {
		prefix, after string
		limit         int
		want          string
	}{
		{"", "", 100, "a.mp4 a/1.mp4 a/2.mp4 a/b/c/d.mp4 b.mp4 in.mp4 ü/é.flac"},
		{"", "", 2, "a.mp4 a/1.mp4"},
		{"", "a/1.mp4", 2, "a/2.mp4 a/b/c/d.mp4"},
		{"", "a/b/c/d.mp4", 2, "b.mp4 in.mp4"},
		{"", "a/b/c", 1, "a/b/c/d.mp4"},
		{"", "a.mp4", 1, "a/1.mp4"},
		{"", "in.mp4", 2, "ü/é.flac"},
		{"", "ü/é.flac", 2, ""},
		{"a", "", 100, "a/1.mp4 a/2.mp4 a/b/c/d.mp4"},
		{"a", "a/2.mp4", 100, "a/b/c/d.mp4"},
		{"a/b", "", 100, "a/b/c/d.mp4"},
		{"", "", 0, ""},
	} {
		entries, err := o.List(t.Context(), "films", tc.prefix, tc.after, tc.limit)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Path)
			if f := opened(t, o, []string{"films"}, e.Path); f.Size() != e.Size {
				t.Errorf("%s: listed with %d bytes, opened with %d", e.Path, e.Size, f.Size())
			}
		}
		if got := strings.Join(names, " "); got != tc.want {
			t.Errorf("%q, %d: %s", tc.prefix, tc.limit, got)
		}
	}
	for prefix, want := range map[string]error{"none": ErrNotFound, "..": ErrNotFound, "/": ErrNotFound, "up": ErrRefused, "fifo.mp4": ErrNotFound} {
		if _, err := o.List(t.Context(), "films", prefix, "", 10); !errors.Is(err, want) {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}
