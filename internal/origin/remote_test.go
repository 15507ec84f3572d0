package origin

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// kinds are the servers that tests go through.
var kinds = []string{"s3", "s3-if", "etag", "dated"}

const filmSize = 300_000

// each runs a test in a bubble for each kind of server.
func each(t *testing.T, test func(t *testing.T, kind string)) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, kind) })
		})
	}
}

func TestServersAreReadByRanges(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		s := w.add("store", kind)
		film, note := pattern(filmSize, 1), []byte("a note")
		s.put("a b/film #1?.mp4", film)
		s.put("note.vtt", note)
		s.put("empty", nil)
		o := w.origin("store")
		f := opened(t, o, []string{"store"}, "a b/film #1?.mp4")
		if f.Size() != filmSize || f.Site() != "store" || !strings.HasPrefix(f.Tag(), "300000-") {
			t.Errorf("size %d, site %s, tag %s", f.Size(), f.Site(), f.Tag())
		}
		s.asked()
		for _, tc := range []struct {
			offset, length int64
			requests       int
		}{{0, headSize, 0}, {100, 1000, 0}, {0, filmSize, 1}, {headSize - 1, 2, 1}, {filmSize - 1, 1, 1}, {filmSize, 0, 0}, {200_000, 50_000, 1}, {0, 16, 1}} {
			got, err := stretchOf(t.Context(), f, tc.offset, tc.length)
			if err != nil || !bytes.Equal(got, film[tc.offset:tc.offset+tc.length]) {
				t.Errorf("%d at %d: %d bytes, %v", tc.length, tc.offset, len(got), err)
			}
			if n, _ := s.asked(); n != tc.requests {
				t.Errorf("%d at %d: %d requests, want %d", tc.length, tc.offset, n, tc.requests)
			}
		}
		small := opened(t, o, []string{"store"}, "note.vtt")
		s.asked()
		if got, err := stretchOf(t.Context(), small, 2, 4); err != nil || string(got) != "note" {
			t.Errorf("%q, %v", got, err)
		}
		if n, _ := s.asked(); n != 0 {
			t.Errorf("a small file is asked for again: %d requests", n)
		}
		s.fail("whole")
		if all := opened(t, o, []string{"store"}, "note.vtt"); all.Size() != 6 {
			t.Errorf("a small file of a server without ranges: %d bytes", all.Size())
		}
		s.fail("mute")
		if got, err := stretchOf(t.Context(), small, 0, 6); err != nil || string(got) != "a note" {
			t.Errorf("what is in memory needs the server: %v", err)
		}
		s.fail("")
		if empty, err := o.Open(t.Context(), []string{"store"}, "empty"); err == nil && empty.Size() != 0 || err != nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("an empty file: %v", err)
		}
		if _, err := o.Open(t.Context(), []string{"store"}, "none"); !errors.Is(err, ErrNotFound) {
			t.Errorf("no file: %v", err)
		}
		const read = headSize + filmSize + 2 + 1 + 50_000 + 16 + 6 + 6
		if st := o.Stats()[0]; !st.Healthy || st.Active != 0 || st.Failures[Missing] != 1 || st.Bytes != read || st.Requests != 5+5 {
			t.Errorf("%+v", st)
		}
	})
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		s := w.add("store", kind)
		s.put("film", pattern(filmSize, 1))
		f := opened(t, w.origin("store"), []string{"store"}, "film")
		for range 10 {
			if _, err := stretchOf(t.Context(), f, 100_000, 100_000); err != nil {
				t.Fatal(err)
			}
		}
		if n, dials := s.asked(); n != 11 || dials != 1 {
			t.Errorf("%d requests over %d connections", n, dials)
		}
	})
}

func TestReadersThatEndEarlyLeaveNothingBehind(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		w.add("store", kind).put("film", pattern(filmSize, 1))
		o := w.origin("store")
		f := opened(t, o, []string{"store"}, "film")
		for range 20 {
			r, err := f.Open(t.Context(), 100_000, 200_000)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		if st := o.Stats()[0]; st.Active != 0 || !st.Healthy || len(st.Failures) != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// A player that does not read for an hour is no failure of the site.
func TestSlowReadersAreNotTheSitesFault(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		w.add("store", kind).put("film", pattern(filmSize, 1))
		o := w.origin("store")
		f := opened(t, o, []string{"store"}, "film")
		r, err := f.Open(t.Context(), 100_000, 150_000)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for {
			after(time.Hour)
			b := make([]byte, 60_000)
			n, err := io.ReadFull(r, b)
			got = append(got, b[:n]...)
			if err != nil {
				break
			}
		}
		if !bytes.Equal(got, pattern(filmSize, 1)[100_000:250_000]) || r.Close() != nil {
			t.Errorf("%d bytes", len(got))
		}
		if st := o.Stats()[0]; !st.Healthy || len(st.Failures) != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestBucketIsListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.add("store", "s3")
		for _, name := range []string{"b.mp4", "a/2.mp4", "a/1.mp4", "ab.mp4", ".hidden", "a/.x/y", "a/b/", "ü.flac"} {
			s.put(name, []byte(name))
		}
		w.add("web", "etag")
		o := w.origin("store", "web")
		for _, tc := range []struct {
			prefix, after string
			limit         int
			want          string
		}{
			{"", "", 100, "a/1.mp4 a/2.mp4 ab.mp4 b.mp4 ü.flac"},
			{"", "", 2, "a/1.mp4 a/2.mp4"},
			{"", "a/2.mp4", 2, "ab.mp4 b.mp4"},
			{"", "b.mp4", 2, "ü.flac"},
			{"a", "", 100, "a/1.mp4 a/2.mp4"},
			{"a", "a/1.mp4", 100, "a/2.mp4"},
			{"none", "", 100, ""},
		} {
			entries, err := o.List(t.Context(), "store", tc.prefix, tc.after, tc.limit)
			var names []string
			for _, e := range entries {
				names = append(names, e.Path)
				if e.Size != int64(len(e.Path)) {
					t.Errorf("%s: %d bytes", e.Path, e.Size)
				}
			}
			if got := strings.Join(names, " "); err != nil || got != tc.want {
				t.Errorf("%q: %s, %v", tc.prefix, got, err)
			}
		}
		if _, err := o.List(t.Context(), "web", "", "", 10); !errors.Is(err, ErrUnlisted) {
			t.Error(err)
		}
		if _, err := o.List(t.Context(), "none", "", "", 10); !errors.Is(err, ErrUnknownSite) {
			t.Error(err)
		}
		for fault, want := range map[string]error{"403": ErrRefused, "mute": ErrUnavailable, "refused": ErrUnavailable} {
			s.fail(fault)
			if _, err := o.List(t.Context(), "store", "", "", 10); !errors.Is(err, want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v", fault, err)
			}
		}
	})
}
