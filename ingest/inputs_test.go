package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/internal/catalog"
	"weir/internal/media"
)

// redundant is a channel with a primary and a backup on air.
func redundant(t *testing.T) (f *fixture, primary, backup *encoder) {
	t.Helper()
	f = setUp(t, nil)
	f.set("news", func(c *catalog.Channel) {
		c.Inputs = catalog.MakeInputs([]catalog.Input{{Name: "main"}, {Name: "backup"}})
	})
	backup = f.encoder(t, Publish{Channel: "news", Input: "backup"}, 9_000_000)
	primary = f.encoder(t, Publish{Channel: "news"}, 4000)
	if _, err := f.Open(t.Context(), Publish{Channel: "news", Input: "backup"}); !errors.Is(err, ErrTaken) {
		t.Errorf("a second backup: %v", err)
	}
	f.run(0, 11*time.Second, backup, primary)
	if st, _ := f.Status("news"); st.Input != "main" || st.Switches != 0 || f.states() != "backup:standby main:active" {
		t.Fatalf("%s: %+v", f.states(), st)
	}
	return f, primary, backup
}

func (f *fixture) states() string {
	st, _ := f.Status("news")
	var all []byte
	for i, in := range st.Inputs {
		if i > 0 {
			all = append(all, ' ')
		}
		all = fmt.Appendf(all, "%s:%s", in.Input, in.State)
	}
	return string(all)
}

// pictures are the true times of the frames that came out, and whose they are, in order.
func (w *fakeWriter) pictures(t *testing.T) (times []time.Duration, inputs []string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var end media.Ticks
	for _, c := range w.chunks {
		if c.Track != "v1" {
			continue
		}
		if c.Start < end {
			t.Errorf("chunk %d.%d begins at %d, the one before it ends at %d", c.Segment, c.Index, c.Start, end)
		}
		end = c.Start + c.Duration
		mdat := c.Data[bytes.Index(c.Data, []byte("mdat"))+4:]
		for ; len(mdat) >= 16; mdat = mdat[16:] {
			ms, err := strconv.Atoi(strings.TrimSpace(string(mdat[7:15])))
			if err != nil {
				t.Fatalf("%q: %v", mdat, err)
			}
			times, inputs = append(times, time.Duration(ms)*time.Millisecond), append(inputs, strings.TrimSpace(string(mdat[:6])))
		}
	}
	return times, inputs
}

// Whatever the primary dies of, the backup goes on with one discontinuity, no frame comes twice, and the primary is taken again when it has been
// well for long enough.
func TestBackupTakesOver(t *testing.T) {
	t.Parallel()
	for name, die := range map[string]func(*encoder){
		"it leaves":       func(e *encoder) { e.feed.Close(nil); e.stuck = true },
		"it falls silent": func(e *encoder) { e.stuck = true },
		"its clock stops": func(e *encoder) { e.base += 11_000; e.froze = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, primary, backup := redundant(t)
			die(primary)
			f.run(11*time.Second, 19*time.Second, primary, backup)
			w := f.bus.writer(t, 0)
			if st, _ := f.Status("news"); st.Input != "backup" || st.Switches != 1 || st.State != OnAir || st.Runs != 2 {
				t.Fatalf("%+v", st)
			}
			if primary.froze {
				primary.base -= 11_000
			}
			if name == "it leaves" {
				primary = f.encoder(t, Publish{Channel: "news", Input: "main"}, 4000)
			}
			primary.froze, primary.stuck = false, false
			f.run(19*time.Second, 48*time.Second, primary, backup)
			if st, _ := f.Status("news"); st.Input != "backup" || st.Switches != 1 {
				t.Fatalf("too early: %+v", st)
			}
			f.run(48*time.Second, 60*time.Second, primary, backup)
			if st, _ := f.Status("news"); st.Input != "main" || st.Switches != 2 || st.Runs != 3 {
				t.Fatalf("%+v", st)
			}
			primary.feed.Close(nil)
			backup.feed.Close(nil)
			<-w.closed
			times, inputs := w.pictures(t)
			for i := 1; i < len(times); i++ {
				if times[i] <= times[i-1] {
					t.Fatalf("picture of %v from %q behind that of %v from %q", times[i], inputs[i], times[i-1], inputs[i-1])
				}
				if hole := times[i] - times[i-1]; hole > 40*time.Millisecond && inputs[i] == inputs[i-1] || hole > 2*time.Second {
					t.Errorf("hole from %v to %v", times[i-1], times[i])
				}
			}
			if got := slices.Compact(inputs); len(got) != 3 {
				t.Errorf("inputs %q", got)
			}
			if len(w.runs) != 3 {
				t.Errorf("%d runs", len(w.runs))
			}
		})
	}
}

// An input that was chosen by hand stays until it fails.
func TestInputIsChosenByHand(t *testing.T) {
	t.Parallel()
	f, primary, backup := redundant(t)
	for input, want := range map[string]error{"third": ErrNoInput, "main": nil} {
		if err := f.SwitchInput("news", input); !errors.Is(err, want) {
			t.Errorf("%s: %v", input, err)
		}
	}
	if err := f.SwitchInput("other", "main"); !errors.Is(err, ErrOffAir) {
		t.Error(err)
	}
	if err := f.SwitchInput("news", "backup"); err != nil {
		t.Fatal(err)
	}
	f.run(11*time.Second, 60*time.Second, primary, backup)
	if st, _ := f.Status("news"); st.Input != "backup" || st.Pinned != "backup" || st.Switches != 1 {
		t.Errorf("%+v", st)
	}
	backup.stuck = true
	f.run(60*time.Second, 65*time.Second, primary, backup)
	if st, _ := f.Status("news"); st.Input != "main" || st.Pinned != "" || st.Switches != 2 {
		t.Errorf("%+v", st)
	}
	if err := f.SwitchInput("news", "backup"); !errors.Is(err, ErrNotWell) {
		t.Error(err)
	}
	// The primary goes while the backup is silent: nothing is on air until one of them is back.
	primary.feed.Close(nil)
	f.clock.advance(10 * time.Second)
	if st, _ := f.Status("news"); st.State == OnAir {
		t.Errorf("%+v", st)
	}
	backup.stuck = false
	f.run(75*time.Second, 80*time.Second, backup)
	if st, _ := f.Status("news"); st.State != OnAir || st.Input != "backup" {
		t.Errorf("%+v", st)
	}
}
