package origin

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Many read one file, while its site fails in one way after another: all that is read is right, and the copy is compared once.
func TestManyReadWhileASiteFails(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		one, two := w.add("one", kind), w.add("two", "etag")
		film := pattern(filmSize, 1)
		one.put("film", film)
		two.put("film", film)
		o := w.origin("one", "two")
		f := opened(t, o, []string{"one", "two"}, "film")
		asked := comparing(f, film)
		ctx, cancel := context.WithCancel(t.Context())
		var all, changing sync.WaitGroup
		changing.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				one.fail([]string{"cut", "", "stalls", "503", "", "mute", "refused", "short"}[i%8])
				select {
				case <-time.After(700 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
		for i := range 16 {
			all.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(i)))
				for range 12 {
					offset := random.Int64N(filmSize)
					length := random.Int64N(filmSize - offset)
					got, err := stretchOf(ctx, f, offset, length)
					if err != nil || !bytes.Equal(got, film[offset:offset+length]) {
						t.Errorf("%d at %d: %d bytes, %v", length, offset, len(got), err)
					}
					_ = o.Stats()
					after(time.Duration(random.Int64N(int64(time.Second))))
				}
			})
		}
		all.Wait()
		cancel()
		changing.Wait()
		if *asked > 1 {
			t.Errorf("asked %d times whether the copy is the same", *asked)
		}
		if st := o.Stats(); st[0].Active != 0 || st[1].Active != 0 {
			t.Errorf("requests are left: %+v", st)
		}
	})
}

// Many fail over at once: one compares, the others wait for it.
func TestCopiesAreComparedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, two := w.add("one", "s3"), w.add("two", "s3")
		one.put("film", pattern(filmSize, 1))
		two.put("film", pattern(filmSize, 1))
		f := opened(t, w.origin("one", "two"), []string{"one", "two"}, "film")
		asked := comparing(f, pattern(filmSize, 1))
		same := f.Same
		f.Same = func(ctx context.Context, other *File) (bool, error) {
			after(time.Second)
			return same(ctx, other)
		}
		one.fail("500")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := stretchOf(t.Context(), f, 100_000, 100); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if *asked != 1 {
			t.Errorf("compared %d times", *asked)
		}
	})
}

// A file that is closed while it is compared, or read, leaves nothing open.
func TestClosingWhileReading(t *testing.T) {
	t.Parallel()
	dirs := map[string]string{"one": t.TempDir(), "two": t.TempDir()}
	for _, d := range dirs {
		put(t, d+"/film", pattern(1000, 1))
	}
	o := directories(t, dirs)
	var all sync.WaitGroup
	for range 50 {
		f, err := o.Open(t.Context(), []string{"one", "two"}, "film")
		if err != nil {
			t.Fatal(err)
		}
		comparing(f, pattern(1000, 1))
		all.Go(func() {
			if got, err := stretchOf(t.Context(), f, 0, 1000); err == nil && !bytes.Equal(got, pattern(1000, 1)) {
				t.Errorf("%d bytes", len(got))
			}
		})
		all.Go(func() { _ = f.Close() })
	}
	all.Wait()
}
