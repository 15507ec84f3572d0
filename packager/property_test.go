package packager

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// drawFeed makes a feed with what real ones do: several stretches, each with its own clock, holes, tracks that stop, skewed
// interleaving, wrong timestamps.
func drawFeed(t *rapid.T) (y *synth, tolerance time.Duration) {
	scale := rapid.SampledFrom([]uint32{1000, 90000, 90000, 1_000_000}).Draw(t, "scale")
	wrap := media.Ticks(rapid.SampledFrom([]int64{0, 1 << 32, 1 << 33, int64(scale) * 60}).Draw(t, "wrap"))
	if scale > 90000 && wrap > 0 {
		wrap <<= 8
	}
	rate := rapid.SampledFrom([]int{48000, 44100}).Draw(t, "audioRate")
	y = &synth{}
	video, audio := -1, -1
	if k := rapid.IntRange(0, 9).Draw(t, "tracks"); k > 0 {
		video = len(y.formats)
		y.formats = append(y.formats, avcFormat(scale, wrap))
		if k > 1 {
			audio = len(y.formats)
			y.formats = append(y.formats, aacFormat(rate, scale, wrap))
		}
	} else {
		audio = 0
		y.formats = append(y.formats, aacFormat(rate, scale, wrap))
	}
	tolerance = 60 * time.Microsecond
	if scale == 1000 {
		tolerance = 3 * time.Millisecond
	}
	at := time.Duration(0)
	var newest [2]time.Duration
	jumped := false
	if wrap > 0 {
		y.base = wrap.Duration(scale) - time.Duration(rapid.IntRange(0, 10).Draw(t, "beforeWrap"))*sec
	}
	fps := rapid.SampledFrom([]media.Fraction{{Num: 1, Den: 1}, {Num: 25, Den: 2}, {Num: 24, Den: 1}, fps25, fps2997, {Num: 50, Den: 1}, {Num: 120, Den: 1}}).Draw(t, "fps")
	for range rapid.IntRange(1, 4).Draw(t, "stretches") {
		length := time.Duration(rapid.IntRange(1, 9000).Draw(t, "length")) * time.Millisecond
		if jumped { // long enough that the jump is noticed
			length = max(length, 4*sec)
		}
		gop := rapid.IntRange(1, 300).Draw(t, "gop")
		skew := time.Duration(rapid.IntRange(-400, 400).Draw(t, "skew")) * time.Millisecond
		only := rapid.IntRange(0, 5).Draw(t, "only")
		from := len(y.events)
		if video >= 0 && (only != 1 || audio < 0) {
			y.video(video, at, at+length, fps, gop, rapid.Bool().Draw(t, "reorder"))
		}
		middle := len(y.events)
		if audio >= 0 && (only != 2 || video < 0) {
			late := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 100, 900, 3000}).Draw(t, "late")) * time.Millisecond
			y.audio(audio, at+late, at+length, rate)
		}
		for i := from; i < len(y.events); i++ {
			jitter := time.Duration(rapid.IntRange(0, 30).Draw(t, "jitter")) * time.Millisecond
			e := &y.events[i]
			e.arrival += jitter
			if i >= middle {
				e.arrival += skew
			}
			newest[e.s.Track] = max(e.arrival, newest[e.s.Track]) // a track's samples stay in order
			e.arrival = newest[e.s.Track]
		}
		if len(y.events) > from && rapid.IntRange(0, 3).Draw(t, "glitch") == 0 {
			i := rapid.IntRange(from, len(y.events)-1).Draw(t, "which")
			by := media.Ticks(rapid.SampledFrom([]int64{-20, -1, 1, 20, 1000}).Draw(t, "by")) * media.Ticks(scale)
			if s := &y.events[i].s; s.DTS+by >= 0 && (wrap == 0 || s.DTS+by < wrap) {
				s.DTS += by
				s.PTS += by
				y.events[i].wrong = true
			}
		}
		at += length
		switch rapid.IntRange(0, 3).Draw(t, "then") {
		case 0: // a hole
			at += time.Duration(rapid.IntRange(1, 12000).Draw(t, "hole")) * time.Millisecond
		case 1: // the clock jumps
			// By less it would be a hole, also where the clock wraps after a minute.
			jump := time.Duration(60*rapid.IntRange(-50, 50).Draw(t, "minutes")+rapid.IntRange(20, 40).Draw(t, "jump")) * sec
			if wrap == 0 && y.base+at+jump < 0 {
				jump = 20 * sec
			}
			if jumped && wrap.Duration(scale) == 60*sec {
				jump = 0 // two could cancel each other out
			}
			y.base += jump
			jumped = true
		}
	}
	return y, tolerance
}

func TestFeedsKeepTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{Segment: time.Duration(rapid.SampledFrom([]int{500, 1000, 2000, 6000}).Draw(t, "segment")) * time.Millisecond}
		cfg.Chunk = time.Duration(rapid.SampledFrom([]int{0, 100, 200, 500}).Draw(t, "chunk")) * time.Millisecond
		y, tolerance := drawFeed(t)
		resume := Resume{Segment: 41, Run: 3, End: epoch.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "end")) * sec)}
		if rapid.IntRange(0, 3).Draw(t, "hasTarget") == 0 {
			resume.Target = time.Duration(rapid.IntRange(1, 6).Draw(t, "target")) * sec
		}
		rec := newRecorder(t, resume)
		p, err := New(cfg, resume, rec)
		if err != nil {
			t.Fatalf("new: %v", err)
		}
		if err := y.run(p); err != nil {
			t.Fatalf("run: %v", err)
		}
		rec.complete()
		if err := y.verify(rec, p.Stats(), tolerance); err != nil {
			t.Fatalf("%v", err)
		}
		if cfg.Chunk > 0 {
			if err := checkChunks(rec, cfg.Chunk); err != nil {
				t.Fatalf("%v", err)
			}
		}
		for i, r := range rec.runs {
			if r.ID != 3+uint64(i) {
				t.Fatalf("run %d is number %d", r.ID, i)
			}
			if i == 0 && r.Start.Before(resume.End) {
				t.Fatalf("run starts at %v, the channel ended at %v", r.Start, resume.End)
			}
		}
		checkRuns(t, rec)
	})
}

// checkRuns checks that runs do not overlap on the timeline but for followers' last samples, and that segments of sound are as long as
// their samples, within one.
func checkRuns(t failer, rec *recorder) {
	type segment struct {
		track  string
		number uint64
	}
	lasted := map[segment]media.Ticks{}
	for _, c := range rec.chunks {
		lasted[segment{c.Track, c.Segment}] += c.Duration
	}
	for _, e := range rec.ends {
		if off := (e.Duration - lasted[segment{e.Track, e.Segment}]).Duration(e.Timescale); e.Track == "a1" && !e.Gap() && off.Abs() > sec/40 {
			t.Fatalf("segment %d of %s is %v longer than its samples", e.Segment, e.Track, off)
		}
	}
	ends := map[uint64]time.Time{}
	for _, e := range rec.ends {
		run := rec.runs[0]
		for _, r := range rec.runs {
			if r.ID == e.Run {
				run = r
			}
		}
		if e.Track == run.Lead().Name {
			ends[e.Run] = (e.Start + e.Duration).Time(e.Timescale)
		}
	}
	for i := 1; i < len(rec.runs); i++ {
		if end, start := ends[rec.runs[i-1].ID], rec.runs[i].Start; start.Before(end.Add(-time.Millisecond / 10)) {
			t.Fatalf("run %d starts at %v, the one before ended at %v", rec.runs[i].ID, start, end)
		}
	}
}
