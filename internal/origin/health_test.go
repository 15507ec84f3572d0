package origin

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tries opens a file of both sites n times, and tells how many requests and connections the first site got.
func tries(t *testing.T, o *Origin, one *station, n int) (requests, dials int) {
	t.Helper()
	one.asked()
	for range n {
		f, err := o.Open(t.Context(), []string{"one", "two"}, "film")
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	return one.asked()
}

// A dead site costs its time-out once; then it is passed over, but for a probe now and then, and used again when it is back.
func TestDeadSitesArePassedOver(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		for _, tc := range []struct {
			fault string
			first int // requests or connections, of ten
		}{{"hole", 1}, {"mute", 1}, {"stalls", 1}, {"refused", 3}, {"cut", 3}, {"500", 3}, {"403", 10}, {"404", 1}} {
			w := newWorld(t)
			one, two := w.add("one", kind), w.add("two", kind)
			one.put("film", pattern(1000, 1))
			two.put("film", pattern(1000, 1))
			o := w.origin("one", "two")
			one.fail(tc.fault)
			count := func(n int) int {
				requests, dials := tries(t, o, one, n)
				if tc.fault == "hole" || tc.fault == "refused" {
					return dials
				}
				return requests
			}
			if n := count(10); n != tc.first {
				t.Errorf("%s: asked %d times, want %d", tc.fault, n, tc.first)
			}
			if tc.fault == "403" || tc.fault == "404" {
				if st := o.Stats()[0]; !st.Healthy || st.PassedOver != 0 {
					t.Errorf("%s: %+v", tc.fault, st)
				}
				continue
			}
			if st := o.Stats()[0]; st.Healthy || st.PassedOver != uint64(10-tc.first) || st.Since.IsZero() || st.Why == "" {
				t.Errorf("%s: %+v", tc.fault, st)
			}
			// One probe after each hold, each twice as long: 1 s, 2 s, 4 s … up to 60 s.
			for _, hold := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
				after(hold*time.Second - time.Millisecond)
				if n := count(5); n != 0 {
					t.Errorf("%s: asked %d times within a hold of %d s", tc.fault, n, hold)
				}
				after(time.Millisecond)
				if n := count(5); n != 1 {
					t.Errorf("%s: asked %d times after a hold of %d s", tc.fault, n, hold)
				}
			}
			one.fail("")
			after(time.Minute)
			if n, _ := tries(t, o, one, 5); n < 5 || !o.Stats()[0].Healthy {
				t.Errorf("%s: asked %d times of 5 after it came back", tc.fault, n)
			}
		}
	})
}

// Where there is no other site, one that is down is asked all the same.
func TestTheOnlySiteIsAskedThoughItIsDown(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		one, two := w.add("one", kind), w.add("two", kind)
		film := pattern(filmSize, 1)
		one.put("film", film)
		o := w.origin("one", "two")
		f := opened(t, o, []string{"one", "two"}, "film")
		one.fail("mute")
		if _, err := stretchOf(t.Context(), f, 100_000, 1000); !errors.Is(err, ErrUnavailable) || o.Stats()[0].Healthy {
			t.Fatalf("%v", err)
		}
		one.fail("")
		if got, err := stretchOf(t.Context(), f, 100_000, 1000); err != nil || !bytes.Equal(got, film[100_000:101_000]) {
			t.Errorf("read: %v", err)
		}
		one.fail("mute")
		if _, err := o.Open(t.Context(), []string{"one", "two"}, "film"); errors.Is(err, ErrNotFound) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("a file of a dead site, that the other has not: %v", err)
		}
		one.fail("")
		opened(t, o, []string{"two", "one"}, "film")
		if !o.Stats()[0].Healthy {
			t.Error("it answers, and is still down")
		}
		two.asked()
	})
}

// Of many who find that the hold is over one probes, and the others are answered by the second site meanwhile.
func TestOneProbeAtATime(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		one, two := w.add("one", kind), w.add("two", kind)
		one.put("film", pattern(1000, 1))
		two.put("film", pattern(1000, 1))
		o := w.origin("one", "two")
		one.fail("mute")
		tries(t, o, one, 1)
		after(time.Minute)
		begin := time.Now()
		var late, n int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				f, err := o.Open(t.Context(), []string{"one", "two"}, "film")
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
				_ = f.Close()
				if n++; time.Since(begin) > 0 {
					late++
				}
			})
		}
		all.Wait()
		if requests, _ := one.asked(); requests != 1 || late != 1 || n != 20 {
			t.Errorf("%d probes, %d of %d had to wait", requests, late, n)
		}
	})
}

// A probe whose asker goes away tells nothing: the next is one.
func TestAbandonedProbes(t *testing.T) {
	t.Parallel()
	h := &health{jitter: func() float64 { return 0.5 }}
	now := time.Unix(1000, 0)
	tk, _ := h.admit(now, false)
	if h.settle(now, tk, dead, "x") != wentDown {
		t.Fatal("not down")
	}
	now = now.Add(firstHold)
	probe, ok := h.admit(now, false)
	if _, second := h.admit(now, false); !ok || !probe.probe || second {
		t.Fatal("not one probe")
	}
	h.settle(now, probe, abandoned, "")
	probe, ok = h.admit(now, false)
	if !ok || !probe.probe {
		t.Fatal("no probe after one that was abandoned")
	}
	h.settle(now, tk, alive, "")
	if _, _, down := h.state(); !down {
		t.Error("a request from before it went down brings it up")
	}
	if h.settle(now, probe, alive, "") != cameUp {
		t.Error("not up after a probe that succeeded")
	}
	// Down again at once: it comes and goes, and is left alone for longer.
	tk, _ = h.admit(now, false)
	h.settle(now, tk, dead, "x")
	if _, ok := h.admit(now.Add(firstHold), false); ok {
		t.Error("a site that comes and goes is asked as soon as one that fell for the first time")
	}
	if _, ok := h.admit(now.Add(2*firstHold), false); !ok {
		t.Error("no probe after the second hold")
	}
}

func TestFailuresMustBeInARow(t *testing.T) {
	t.Parallel()
	h := &health{jitter: func() float64 { return 0 }}
	now := time.Unix(1000, 0)
	for range 100 {
		for _, v := range []verdict{ailing, abandoned, ailing, alive} {
			tk, _ := h.admit(now, false)
			if h.settle(now, tk, v, "x") != same {
				t.Fatal("down without three failures in a row")
			}
		}
	}
}

// What a site lacks is asked for again after some seconds, and what it has got by then is found there.
func TestMissingFilesAreRemembered(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		one, two := w.add("one", kind), w.add("two", kind)
		two.put("film", pattern(1000, 1))
		o := w.origin("one", "two")
		if n, _ := tries(t, o, one, 10); n != 1 {
			t.Errorf("asked %d times", n)
		}
		one.put("film", pattern(1000, 1))
		after(missingFor)
		if f := opened(t, o, []string{"one", "two"}, "film"); f.Site() != "one" {
			t.Errorf("found on %s", f.Site())
		}
	})
}

func TestMemoryOfMissingFilesIsBounded(t *testing.T) {
	t.Parallel()
	var m missing
	now := time.Unix(1000, 0)
	for i := range 3 * maxMissing {
		m.add(now, strings.Repeat("x", i%7)+string(rune(i)))
		if len(m.until) > maxMissing {
			t.Fatalf("%d files", len(m.until))
		}
	}
}

// Logs tell when a site goes down and comes up, not of each request, and nothing that is secret.
func TestLogsTellOfChangesOnly(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		w := newWorld(t)
		one, two := w.add("one", kind), w.add("two", kind)
		one.put("film", pattern(1000, 1))
		two.put("film", pattern(1000, 1))
		o := w.origin("one", "two")
		var out bytes.Buffer
		o.sites["one"].log = slog.New(slog.NewTextHandler(&out, nil))
		one.fail("mute")
		tries(t, o, one, 20)
		one.fail("")
		after(time.Minute)
		tries(t, o, one, 20)
		one.fail("403")
		tries(t, o, one, 20)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], "down") || !strings.Contains(lines[1], "up again") || !strings.Contains(lines[2], "refuses") {
			t.Errorf("%q", lines)
		}
		for _, l := range lines {
			if !strings.Contains(l, "site=one") || strings.Contains(l, "hush") || strings.Contains(l, "ignature") {
				t.Error(l)
			}
		}
	})
}

// More requests than a site may have at once wait for a while, and then go elsewhere; that is not the site's fault.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, two := w.add("one", "etag"), w.add("two", "etag")
		one.put("film", pattern(filmSize, 1))
		two.put("film", pattern(filmSize, 1))
		o := w.origin("one", "two")
		f := opened(t, o, []string{"one", "two"}, "film")
		for range maxActive {
			r, err := f.Open(t.Context(), 100_000, 200_000)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
		}
		g := opened(t, o, []string{"one", "two"}, "film")
		if st := o.Stats()[0]; g.Site() != "two" || !st.Healthy || st.Active != maxActive || st.Failures[Busy] != 1 {
			t.Errorf("from %s: %+v", g.Site(), st)
		}
	})
}
