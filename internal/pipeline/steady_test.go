package pipeline

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/packager"
)

// TestSteadyFeed holds a feed without faults against the rules about time: rule 14, and how long segments stay (rule 2).
func TestSteadyFeed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		segment := drawSegment(t)
		segment = min(segment, 2*sec)
		clock := media.Clock{Timescale: rapid.SampledFrom([]uint32{1000, 90000}).Draw(t, "scale"), Wrap: 1 << 32}
		s := &source{base: time.Hour, random: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
		s.formats = []media.Format{avc(0, clock), aac(48000, "", clock)}
		fps := rapid.IntRange(5, 30).Draw(t, "fps")
		frames := int(segment*time.Duration(fps)/sec) / rapid.IntRange(1, 3).Draw(t, "GOPs a segment")
		length := 14 * segment
		s.video(0, 0, length, picture{fps: media.Fraction{Num: uint32(fps), Den: 1}, gop: max(1, frames), reorder: rapid.IntRange(0, 2).Draw(t, "reorder")})
		s.audio(1, 0, length, 48000)
		skew := time.Duration(rapid.IntRange(0, 200).Draw(t, "skew")) * time.Millisecond
		s.deliver(0, []time.Duration{0, skew}, 20*time.Millisecond)
		cfg := packager.Config{Segment: segment, Chunk: time.Duration(rapid.SampledFrom([]int{0, 200}).Draw(t, "chunk")) * time.Millisecond}
		c := newChannel(t, rapid.Uint64().Draw(t, "when to ask"), cfg, 6*segment)
		c.connect(s.formats)
		gone := 0 // of the listings, how many may be gone
		for i, a := range s.sorted() {
			c.pass(epoch.Add(a.at))
			c.write(a.Sample)
			if i%16 == 0 {
				gone = c.view.stay(c.now, gone)
			}
		}
		c.disconnect()
		c.finish()
		c.view.inTime()
		v, early := c.view, cfg.Chunk > 0                               // a frame is no longer than a chunk
		fit := time.Duration(v.target)*sec < 2*segment || v.target == 1 // else DASH cannot foretell segments
		if v.uneven || early && (v.hints == 0 || fit && (v.early == 0 || v.begun == 0)) {
			t.Fatalf("rules 16, 20, 30: in %d polls: uneven parts: %v; %d hints; %d sets early, %d segments begun", v.polls, v.uneven, v.hints, v.early, v.begun)
		}
	})
}

// Audio can be cut at each frame, so that segments alone do not last equally long; where each ends is known all the same.
func TestSteadySound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		segment := drawSegment(t)
		rate := rapid.SampledFrom([]int{44100, 48000}).Draw(t, "rate")
		s := &source{base: time.Hour, random: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
		s.formats = []media.Format{aac(rate, "", media.Clock{Timescale: uint32(rate), Wrap: 1 << 32})}
		s.audio(0, 0, 14*segment, rate)
		s.deliver(0, []time.Duration{0}, 20*time.Millisecond)
		c := newChannel(t, rapid.Uint64().Draw(t, "when to ask"), packager.Config{Segment: segment, Chunk: segment / 10}, 6*segment)
		c.connect(s.formats)
		for _, a := range s.sorted() {
			c.pass(epoch.Add(a.at))
			c.write(a.Sample)
		}
		c.disconnect()
		c.finish()
		v := c.view
		if v.begun == 0 || v.wrong > 1 { // the last one ends with the feed
			t.Fatalf("rule 26: in %d polls, %d segments begun, %d turned out to be others", v.polls, v.begun, v.wrong)
		}
	})
}

// inTime checks that each segment was listed within 1.5 target durations of the one before (rule 14).
func (v *viewer) inTime() {
	v.t.Helper()
	for i := 1; i < len(v.listings); i++ {
		is, was := v.listings[i], v.listings[i-1]
		if wait := is.at.Sub(was.at); wait > time.Duration(v.target)*sec*3/2 {
			v.t.Fatalf("rule 14: segment %d was listed %v after the one before, the target duration is %d s", is.number, wait, v.target)
		}
	}
	if len(v.listings) < 9 {
		v.t.Fatalf("only %d segments were listed", len(v.listings))
	}
}

// stay checks that what was listed can still be fetched for its own duration and that of the longest playlist that had it (rule 2). What
// came before from may be gone; it gives what may be gone now.
func (v *viewer) stay(now time.Time, from int) int {
	v.t.Helper()
	for i := from; i < len(v.listings); i++ {
		l := v.listings[i]
		over := true
		for track, told := range v.told {
			e := told[l.number]
			if now.Sub(l.at) > l.longest+time.Duration(e.micros)*time.Microsecond {
				continue
			}
			over = false
			if !e.gap && v.fetch(path(track, e)) == nil {
				v.t.Fatalf("rule 2: %s is gone %v after it was listed, in playlists of up to %v", path(track, e), now.Sub(l.at), l.longest)
			}
		}
		if !over {
			return i
		}
		from = i + 1
	}
	return from
}
