package packager

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// The frame rate of a feed whose clock counts milliseconds makes frames of 33 and 34 ms: when the parameters change in
// mid-stream, the sync frame that the new ones begin with must not be lost because the last one before was taken too long.
func TestChangedParametersCostNoFrame(t *testing.T) {
	t.Parallel()
	for _, scale := range []uint32{1000, 90000} {
		for _, fps := range []media.Fraction{fps2997, {Num: 30, Den: 1}, fps25, {Num: 60, Den: 1}, {Num: 24, Den: 1}} {
			for _, reorder := range []bool{false, true} {
				for gop := 28; gop < 34; gop++ {
					t.Run(fmt.Sprintf("%d %v %v %d", scale, fps, reorder, gop), func(t *testing.T) {
						t.Parallel()
						changedParameters(t, scale, fps, reorder, gop)
					})
				}
			}
		}
	}
}

func changedParameters(t *testing.T, scale uint32, fps media.Fraction, reorder bool, gop int) {
	y := &synth{formats: []media.Format{avcFormat(scale, 0), aacFormat(48000, scale, 0)}}
	y.video(0, 0, 12*sec, fps, gop, reorder)
	y.audio(1, 0, 12*sec, 48000)
	rec := newRecorder(t, Resume{})
	p, err := New(Config{sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	must(t, p.Start(y.formats, epoch))
	other := append([]media.Format(nil), y.formats...)
	other[0].Config = unhex("0164001fffe1001d6764001facd900c8146ffc010000b440000003004000000f23c60c658001000568ef9cb22cfdf8f800")
	changes := 0
	for _, e := range y.sorted() {
		if e.s.Track == 0 && e.s.Sync && e.dts >= time.Duration(changes+1)*3*sec {
			changes++
			must(t, p.Start([][]media.Format{y.formats, other}[changes%2], epoch.Add(e.arrival)))
		}
		must(t, p.Write(e.s, epoch.Add(e.arrival)))
	}
	must(t, p.Flush(epoch.Add(12*sec)))
	rec.complete()
	tolerance := 60 * time.Microsecond
	if scale == 1000 {
		tolerance = 3 * time.Millisecond
	}
	must(t, y.verify(rec, p.Stats(), tolerance))
	checkRuns(t, rec)
	video := 0
	for _, e := range y.events {
		if e.s.Track == 0 {
			video++
		}
	}
	out := 0
	for _, s := range rec.samples {
		if s.track == "v1" {
			out++
		}
		// The clock is the same in all runs.
		if tr, n := readID(s.data); tr == 0 && n == 0 && s.pts.Time(s.scale).Sub(epoch) > time.Second {
			t.Errorf("first frame at %v", s.pts)
		}
	}
	if len(rec.runs) != changes+1 || out != video {
		t.Errorf("%d changes: %d runs; of %d frames %d came out, dropped %v", changes, len(rec.runs), video, out, p.Stats().Dropped)
	}
}

// Whatever a feed does, its parameters may change at any moment besides.
func TestChangingFeedsKeepTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{Segment: time.Duration(rapid.SampledFrom([]int{500, 2000}).Draw(t, "segment")) * time.Millisecond}
		cfg.Chunk = time.Duration(rapid.SampledFrom([]int{0, 200}).Draw(t, "chunk")) * time.Millisecond
		y, tolerance := drawFeed(t)
		if len(y.events) == 0 {
			return
		}
		other := append([]media.Format(nil), y.formats...)
		which := rapid.IntRange(0, len(other)-1).Draw(t, "changes")
		other[which].Language = "de"
		rec := newRecorder(t, Resume{})
		p, err := New(cfg, Resume{}, rec)
		if err != nil {
			t.Fatalf("new: %v", err)
		}
		at := map[int]bool{}
		for range rapid.IntRange(1, 4).Draw(t, "times") {
			at[rapid.IntRange(0, len(y.events)-1).Draw(t, "at")] = true
		}
		atSync := rapid.Bool().Draw(t, "atSync")
		now, formats, due := epoch, y.formats, true
		for i, e := range y.sorted() {
			now = epoch.Add(e.arrival)
			if at[i] {
				formats, other, due = other, formats, true
			}
			if due && (i == 0 || !atSync || e.s.Sync && e.s.Track == 0) {
				due = false
				if err := p.Start(formats, now); err != nil {
					t.Fatalf("start: %v", err)
				}
			}
			if err := p.Write(e.s, now); err != nil {
				t.Fatalf("write: %v", err)
			}
		}
		if err := p.Flush(now); err != nil {
			t.Fatalf("flush: %v", err)
		}
		rec.complete()
		if err := y.verify(rec, p.Stats(), tolerance); err != nil {
			t.Fatalf("%v", err)
		}
		checkRuns(t, rec)
	})
}
