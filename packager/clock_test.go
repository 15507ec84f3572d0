package packager

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

func TestUnroll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wrap := media.Ticks(rapid.Int64Range(4, 1<<62).Draw(t, "wrap"))
		ref := media.Ticks(rapid.Int64Range(-1<<61, 1<<61).Draw(t, "ref"))
		d := media.Ticks(rapid.Int64Range(-int64(wrap/2)+1, int64(wrap/2)).Draw(t, "d"))
		c := trackClock{source: media.Clock{Timescale: 90000, Wrap: wrap}}
		raw := ((ref%wrap+d%wrap)%wrap + wrap) % wrap
		if got := c.unroll(raw, ref); got != ref+d {
			t.Fatalf("unroll(%d, %d) modulo %d is %d, want %d", raw, ref, wrap, got, ref+d)
		}
	})
}

// The frame grid of audio is kept although the clock counts milliseconds, and does not leave the source.
func TestMillisecondsKeepTheFrameGrid(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{aacFormat(44100, 1000, 1<<32)}}
	y.audio(0, 0, 600*sec, 44100)
	rec := newRecorder(t, Resume{})
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	must(t, y.run(p))
	must(t, y.verify(rec, p.Stats(), 2*time.Millisecond))
	for _, s := range rec.samples {
		if s.duration != 1024 {
			t.Fatalf("sample at %d lasts %d", s.pts, s.duration)
		}
	}
}

// A jump reaches the tracks at different moments: there is one new run, and nothing of before is in it.
func TestJumpReachesTracksAtDifferentMoments(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{-3 * sec, -100 * sec, 20 * sec, 4000 * sec} {
		for _, late := range []time.Duration{-300 * time.Millisecond, 0, 300 * time.Millisecond} {
			y := &synth{formats: []media.Format{avcFormat(90000, 1<<33), aacFormat(48000, 90000, 1<<33)}, base: 500 * sec}
			y.video(0, 0, 9*sec, fps25, 50, true)
			y.audio(1, 0, 9*sec, 48000)
			y.base += jump
			y.video(0, 9*sec, 20*sec, fps25, 50, true)
			y.audio(1, 9*sec, 20*sec, 48000)
			for i := range y.events {
				if y.events[i].s.Track == 1 {
					y.events[i].arrival += late
				}
			}
			rec := newRecorder(t, Resume{})
			p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
			must(t, err)
			must(t, y.run(p))
			rec.complete()
			must(t, y.verify(rec, p.Stats(), 60*time.Microsecond))
			if len(rec.runs) != 2 || len(rec.runs[1].Tracks) != 2 {
				t.Errorf("jump of %v, audio %v later: runs %+v, %+v", jump, late, rec.runs, p.Stats())
			}
		}
	}
}

// One wrong timestamp costs its sample, not the run.
func TestOneWrongTimestampIsDropped(t *testing.T) {
	t.Parallel()
	for _, by := range []media.Ticks{-40000, -90000 * 300, 90000 * 3600} {
		y := &synth{formats: []media.Format{avcFormat(90000, 1<<33), aacFormat(48000, 90000, 1<<33)}, base: 500 * sec}
		y.video(0, 0, 10*sec, fps25, 50, false)
		y.audio(1, 0, 10*sec, 48000)
		for _, i := range []int{77, 400} {
			y.events[i].s.DTS += by
			y.events[i].s.PTS += by
			y.events[i].wrong = true
		}
		rec := newRecorder(t, Resume{})
		p, err := New(Config{2 * sec, 0}, Resume{}, rec)
		must(t, err)
		must(t, y.run(p))
		must(t, y.verify(rec, p.Stats(), 60*time.Microsecond))
		st := p.Stats()
		if len(rec.runs) != 1 || st.Dropped[Clock]+st.Dropped[Backward] != 2 {
			t.Errorf("off by %d: %d runs, %+v", by, len(rec.runs), st)
		}
	}
}

// An output's error ends the Write that met it, and every call from then on.
func TestOutputErrorIsFinal(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
	y.video(0, 0, 5*sec, fps25, 50, false)
	y.audio(1, 0, 5*sec, 48000)
	rec := newRecorder(t, Resume{})
	rec.fail = errors.New("bus is gone")
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	if err := y.run(p); !errors.Is(err, rec.fail) {
		t.Fatalf("error %v", err)
	}
	if err := p.Write(y.events[0].s, epoch); !errors.Is(err, rec.fail) {
		t.Errorf("the next Write gives %v", err)
	}
	if err := p.Flush(epoch); !errors.Is(err, rec.fail) {
		t.Errorf("Flush gives %v", err)
	}
	if len(rec.runs) != 1 || len(rec.chunks) != 0 {
		t.Errorf("%d runs, %d chunks after an error", len(rec.runs), len(rec.chunks))
	}
}

// A second feed, and one with other parameters, goes on with the numbers; equal headers keep their version.
func TestFeedsGoOnAfterEachOther(t *testing.T) {
	t.Parallel()
	rec := newRecorder(t, Resume{Segment: 100})
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{Segment: 100, Run: 9, Target: 4 * sec}, rec)
	rec.target = 4 * sec
	must(t, err)
	for i, rate := range []int{48000, 48000, 44100} {
		y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(rate, 90000, 0)}, base: time.Duration(i) * 77 * sec}
		y.video(0, 0, 4*sec, fps25, 50, true)
		y.audio(1, 0, 4*sec, rate)
		must(t, y.run(p))
	}
	if len(rec.runs) != 3 || rec.runs[2].ID != 11 {
		t.Fatalf("%d runs", len(rec.runs))
	}
	for i, want := range []uint32{1, 1, 2} {
		if v, _ := rec.runs[i].Track("v1"); v.Init != 1 {
			t.Errorf("run %d: video header %d", i, v.Init)
		}
		if a, _ := rec.runs[i].Track("a1"); a.Init != want {
			t.Errorf("run %d: audio header %d, want %d", i, a.Init, want)
		}
		if i > 0 && !rec.runs[i].Start.After(rec.runs[i-1].Start.Add(4*sec-time.Millisecond)) {
			t.Errorf("run %d starts at %v, the one before at %v", i, rec.runs[i].Start, rec.runs[i-1].Start)
		}
	}
}

// Changed formats in mid-feed are a new run on the same clock: the timeline goes on exactly.
func TestChangedFormatsKeepTheClock(t *testing.T) {
	t.Parallel()
	rec := newRecorder(t, Resume{})
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
	y.video(0, 0, 12*sec, fps25, 50, false)
	y.audio(1, 0, 12*sec, 48000)
	must(t, p.Start(y.formats, epoch))
	other := append([]media.Format(nil), y.formats...)
	other[0].Config = unhex("0164001fffe1001d6764001facd900c8146ffc010000b440000003004000000f23c60c658001000568ef9cb22cfdf8f800")
	for _, e := range y.sorted() {
		if e.dts == 6*sec {
			must(t, p.Start(other, epoch.Add(e.arrival)))
			must(t, p.Start(other, epoch.Add(e.arrival)))
		}
		must(t, p.Write(e.s, epoch.Add(e.arrival)))
	}
	must(t, p.Flush(epoch.Add(12*sec)))
	rec.complete()
	must(t, y.verify(rec, p.Stats(), 60*time.Microsecond))
	if len(rec.runs) != 2 || rec.runs[1].Start.Sub(rec.runs[0].Start) != 6*sec {
		t.Errorf("runs %+v", rec.runs)
	}
}
