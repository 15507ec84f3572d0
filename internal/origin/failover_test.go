package origin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// faults are all that a station can do wrong, and the reason that it is told with where it does so while a file is opened, and later.
var faults = []struct {
	name         string
	first, later Reason
}{
	{"refused", Connect, Connect},
	{"hole", Timeout, Timeout}, // later the connection from before is tried first, and ends
	{"hung up", Connect, Connect},
	{"mute", Timeout, Timeout},
	{"no body", Timeout, Timeout},
	{"stalls", Stalled, Stalled},
	{"cut", Cut, Cut},
	{"short", Cut, Cut},
	{"long", Length, Length},
	{"longer", Length, Length},
	{"shifted", Length, Changed},
	{"unplaced", Unfit, Length},
	{"whole", Unfit, Unfit},
	{"squeezed", Unfit, Unfit},
	{"untagged", Unfit, Changed},
	{"401", Refused, Refused},
	{"403", Refused, Refused},
	{"404", Missing, Changed},
	{"416", Unfit, Changed},
	{"429", Status, Status},
	{"500", Status, Status},
	{"503", Status, Status},
}

// comparing has a file say of copies whether they are the same, by all their bytes, and counts how often it is asked.
func comparing(f *File, data []byte) *int {
	asked := new(int)
	f.Same = func(ctx context.Context, other *File) (bool, error) {
		*asked++
		r, err := other.Open(ctx, 0, other.Size())
		if err != nil {
			return false, err
		}
		b, err := io.ReadAll(r)
		return sha256.Sum256(b) == sha256.Sum256(data), errors.Join(err, r.Close())
	}
	return asked
}

func TestOpeningPassesOverWhatFails(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		for _, fault := range faults {
			w := newWorld(t)
			one, two := w.add("one", kind), w.add("two", "s3")
			one.put("film", film)
			two.put("film", film)
			one.fail(fault.name)
			o := w.origin("one", "two")
			begin := time.Now() // of the bubble, where nothing takes time but waiting
			_, err := o.Open(t.Context(), []string{"one"}, "film")
			if waited := time.Since(begin); waited > 0 && !fault.first.slow() || waited > 4*time.Second {
				t.Errorf("%s: known after %v only", fault.name, waited)
			}
			if !errors.Is(err, fault.first.sentinel()) || o.Stats()[0].Failures[fault.first] != 1 {
				t.Errorf("%s: %v, %v; want %s", fault.name, err, o.Stats()[0].Failures, fault.first)
			}
			if err != nil && (strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "site one: ")) {
				t.Errorf("%s: %v", fault.name, err)
			}
			f, err := o.Open(t.Context(), []string{"one", "two"}, "film")
			if err != nil {
				t.Errorf("%s: %v", fault.name, err)
				continue
			}
			if got, err := stretchOf(t.Context(), f, 0, filmSize); f.Site() != "two" || err != nil || !bytes.Equal(got, film) {
				t.Errorf("%s: from %s: %d bytes, %v", fault.name, f.Site(), len(got), err)
			}
			_ = f.Close()
			two.fail("500")
			if _, err = o.Open(t.Context(), []string{"one", "two"}, "film"); errors.Is(err, ErrNotFound) || !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s, and 500: %v", fault.name, err)
			}
		}
	})
}

// Two files of one size.
var film, another = pattern(filmSize, 1), pattern(filmSize, 2)

// What the second site has, and whether it is to be read from.
var seconds = []struct {
	name   string
	copies bool // it has the same bytes
	asked  int  // how often Same is asked
	set    func(two *station)
}{
	{"same", true, 1, func(two *station) { two.put("film", film) }},
	{"other bytes", false, 1, func(two *station) { two.put("film", another) }},
	{"other size", false, 0, func(two *station) { two.put("film", pattern(filmSize-1, 1)) }},
	{"none", false, 0, func(*station) {}},
	{"down", false, 0, func(two *station) { two.put("film", film); two.fail("refused") }},
	{"mute", false, 0, func(two *station) { two.put("film", film); two.fail("mute") }},
	{"forbidden", false, 0, func(two *station) { two.put("film", film); two.fail("403") }},
}

// Whatever the first site does, and whatever the second has: reading gives the right bytes, or an error.
func TestReadingGivesTheRightBytesOrAnError(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		for _, fault := range faults {
			if fault.name == "untagged" && strings.HasPrefix(kind, "s3") {
				fault.later = Unfit // the library insists on Last-Modified
			}
			for _, second := range seconds {
				if fault.name == "long" && second.copies {
					continue // nothing is put behind what came in an answer of the wrong length
				}
				name := fault.name + ", then " + second.name
				w := newWorld(t)
				one, two := w.add("one", kind), w.add("two", kinds[(len(fault.name)+len(second.name))%len(kinds)])
				one.put("film", film)
				second.set(two)
				o := w.origin("one", "two")
				f := opened(t, o, []string{"one", "two"}, "film")
				asked := comparing(f, film)
				one.fail(fault.name)
				for i := range 2 {
					got, err := stretchOf(t.Context(), f, 70_001, 200_000)
					if !bytes.HasPrefix(film[70_001:270_001], got) {
						t.Errorf("%s: %d bytes that are not the file's", name, len(got))
					}
					switch {
					case second.copies && (err != nil || len(got) != 200_000):
						t.Errorf("%s: %d bytes, %v", name, len(got), err)
					case !second.copies && (err == nil || !strings.Contains(err.Error(), "site one: ")):
						t.Errorf("%s: %d bytes, %v", name, len(got), err)
					case !second.copies && fault.name != "long" && !strings.Contains(err.Error(), "site two: "):
						t.Errorf("%s: %v", name, err)
					case !second.copies && (!errors.Is(err, fault.later.sentinel()) || errors.Is(err, ErrNotFound)):
						t.Errorf("%s, %d: %v, want %v", name, i, err, fault.later.sentinel())
					}
				}
				if fault.name != "long" && *asked != second.asked {
					t.Errorf("%s: asked %d times whether it is the same", name, *asked)
				}
				stats := o.Stats()
				if stats[0].Failures[fault.later] == 0 || stats[0].Active != 0 || stats[1].Active != 0 {
					t.Errorf("%s: %+v, want %s", name, stats, fault.later)
				}
			}
		}
	})
}

// A fault that comes once bytes have been given, and a reader that is in the middle of them.
func TestReadingGoesOnAtTheVeryByte(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		for _, fault := range []string{"stalls", "cut", "short"} {
			for _, copies := range []bool{true, false} {
				w := newWorld(t)
				one, two := w.add("one", kind), w.add("two", "etag")
				one.put("film", film)
				if copies {
					two.put("film", film)
				} else {
					two.put("film", another)
				}
				f := opened(t, w.origin("one", "two"), []string{"one", "two"}, "film")
				comparing(f, film)
				one.fail(fault)
				got, err := stretchOf(t.Context(), f, 70_000, 200_000)
				if copies {
					two.mu.Lock()
					last := two.requests[len(two.requests)-1]
					two.mu.Unlock()
					if err != nil || !bytes.Equal(got, film[70_000:270_000]) || last != "bytes=170000-269999" {
						t.Errorf("%s: %d bytes, %v; asked for %s", fault, len(got), err, last)
					}
					continue
				}
				// What was cut off is asked for once more where it was cut off.
				want := 100_000
				if fault != "stalls" {
					want = 150_000
				}
				if !errors.Is(err, ErrUnavailable) || !bytes.Equal(got, film[70_000:70_000+want]) {
					t.Errorf("%s, and no copy: %d bytes, %v", fault, len(got), err)
				}
			}
		}
	})
}

// The file on the first site is replaced by another one of the same size, while a player reads the old one.
func TestFilesThatChangeAreNeverMixed(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		old, young := film, another
		for _, copies := range []bool{true, false} {
			w := newWorld(t)
			one, two := w.add("one", kind), w.add("two", kind)
			one.put("film", old)
			if copies {
				two.put("film", old)
			}
			o := w.origin("one", "two")
			f := opened(t, o, []string{"one", "two"}, "film")
			comparing(f, old)
			after(90e9) // Last-Modified counts seconds
			one.put("film", young)
			got, err := stretchOf(t.Context(), f, 100_000, 100_000)
			switch {
			case copies && (err != nil || !bytes.Equal(got, old[100_000:200_000])):
				t.Errorf("%d bytes, %v", len(got), err)
			case !copies && (!errors.Is(err, ErrChanged) || len(got) > 0):
				t.Errorf("without a copy: %d bytes, %v", len(got), err)
			}
			g := opened(t, o, []string{"one", "two"}, "film")
			if got, err := stretchOf(t.Context(), g, 0, filmSize); err != nil || !bytes.Equal(got, young) || g.Tag() == f.Tag() {
				t.Errorf("opened anew: %d bytes, %v", len(got), err)
			}
			if copies { // and the copy changes as well
				two.put("film", young)
				if got, err := stretchOf(t.Context(), f, 100_000, 100_000); !errors.Is(err, ErrChanged) || len(got) > 0 {
					t.Errorf("both changed: %d bytes, %v", len(got), err)
				}
			}
		}
	})
}

func TestWithoutSameNoOtherCopyIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, two := w.add("one", "s3"), w.add("two", "s3")
		one.put("film", film)
		two.put("film", film)
		f := opened(t, w.origin("one", "two"), []string{"one", "two"}, "film")
		one.fail("cut")
		if _, err := stretchOf(t.Context(), f, 100_000, 100_000); !errors.Is(err, ErrUnavailable) || !errors.Is(err, ErrDifferent) {
			t.Error(err)
		}
		if n, _ := two.asked(); n != 0 {
			t.Errorf("%d requests to the second site", n)
		}
	})
}

// A context that ends is nobody's failure, and ends the request.
func TestContextsThatEnd(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		for _, fault := range []string{"mute", "stalls", "no body"} {
			w := newWorld(t)
			one, two := w.add("one", kind), w.add("two", kind)
			one.put("film", film)
			two.put("film", film)
			o := w.origin("one", "two")
			f := opened(t, o, []string{"one", "two"}, "film")
			one.fail(fault)
			gone := errors.New("the player went away")
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() { after(1e9); cancel(gone) }()
			if _, err := stretchOf(ctx, f, 100_000, 100_000); !errors.Is(err, gone) {
				t.Errorf("%s: read: %v", fault, err)
			}
			ctx, cancel = context.WithCancelCause(t.Context())
			go func() { after(1e9); cancel(gone) }()
			if _, err := o.Open(ctx, []string{"one", "two"}, "film"); !errors.Is(err, gone) {
				t.Errorf("%s: open: %v", fault, err)
			}
			if st := fmt.Sprint(o.Stats()); strings.Contains(st, "false") || strings.Contains(st, "imeout") {
				t.Errorf("%s: %s", fault, st)
			}
		}
	})
}

func TestRedirectsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.add("one", "etag")
		s.put("film", pattern(10, 1))
		o := w.origin("one")
		for fault, n := range map[string]int{"elsewhere": 1, "round": maxRedirects + 1} {
			s.fail(fault)
			_, err := o.Open(t.Context(), []string{"one"}, "film")
			if asked, _ := s.asked(); !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "hush") || asked != n {
				t.Errorf("%s: %d requests, %v", fault, asked, err)
			}
		}
	})
}
