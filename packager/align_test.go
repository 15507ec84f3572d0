package packager

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/internal/media"
)

// ladder is a feed of three renditions of the same pictures, and sound.
func ladder(scale uint32) *synth {
	v := avcFormat(scale, 1<<32)
	return &synth{formats: []media.Format{v, v, v, aacFormat(48000, scale, 1<<32)}}
}

// borders are where the segments of each track begin on the channel timeline, by number.
func (r *recorder) borders() map[string]map[uint64]media.Ticks {
	out := map[string]map[uint64]media.Ticks{}
	for _, e := range r.ends {
		if out[e.Track] == nil {
			out[e.Track] = map[uint64]media.Ticks{}
		}
		out[e.Track][e.Segment] = e.Start
	}
	return out
}

// independent tells whether all segments of the video tracks begin with a sync sample.
func (r *recorder) independent(t *testing.T) {
	t.Helper()
	for _, c := range r.chunks {
		if c.Index == 0 && !c.Independent && strings.HasPrefix(c.Track, "v") {
			t.Errorf("segment %d of %s does not begin with a sync sample", c.Segment, c.Track)
		}
	}
}

func sets(runs []media.Run) string {
	var out []string
	for _, r := range runs {
		s := ""
		for _, tr := range r.Tracks {
			s += tr.Name
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// delay makes a track's samples arrive later.
func (y *synth) delay(track int, by time.Duration) {
	for i := range y.events {
		if y.events[i].s.Track == track {
			y.events[i].arrival += by
		}
	}
}

// Segment borders of all rungs are at equal times over ten minutes, though they arrive one after the other and the lead has key frames that the
// others lack.
func TestRenditionsAreCutAtEqualTimes(t *testing.T) {
	t.Parallel()
	for _, scale := range []uint32{1000, 90000} {
		for _, rate := range []media.Fraction{fps25, fps2997} {
			t.Run(fmt.Sprint(scale, rate), func(t *testing.T) {
				t.Parallel()
				const length = 10 * time.Minute
				y := ladder(scale)
				y.base = time.Hour
				gop := int((2*rate.Num + rate.Den - 1) / rate.Den)
				y.video(0, 0, length, rate, gop/2, false) // one more than the others, between theirs
				y.video(1, 0, length, rate, gop/2*2, true)
				y.video(2, 0, length, rate, gop/2*2, false)
				y.audio(3, 0, length, 48000)
				// The frames with B-frames before them are presented a frame later: as encoders do, shift them back.
				frame := time.Duration(rate.Den) * time.Second / time.Duration(rate.Num)
				for i := range y.events {
					if e := &y.events[i]; e.s.Track == 1 {
						d := media.Rescale(media.Ticks(e.dts-frame+y.base), nanoscale, scale)
						p := media.Rescale(media.Ticks(e.pts-frame+y.base), nanoscale, scale)
						e.s.DTS, e.s.PTS, e.dts, e.pts = d, p, e.dts-frame, e.pts-frame
					}
				}
				y.delay(1, 70*time.Millisecond)
				y.delay(2, 400*time.Millisecond)
				rec := newRecorder(t, Resume{})
				p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
				must(t, err)
				must(t, y.run(p))
				rec.complete()
				rec.independent(t)
				if got := sets(rec.runs); got != "v1v2v3a1" {
					t.Fatalf("runs %s", got)
				}
				b := rec.borders()
				if len(b["v1"]) < 295 {
					t.Errorf("%d segments", len(b["v1"]))
				}
				off := media.Ticks(0)
				if scale == 1000 {
					off = 90 // its clock rounds
				}
				for n, at := range b["v1"] {
					for _, other := range []string{"v2", "v3"} {
						if d := b[other][n] - at; d > off || d < -off {
							t.Fatalf("segment %d begins at %d in v1, at %d in %s", n, at, b[other][n], other)
						}
					}
				}
				if st := p.Stats(); st.ApartCuts != 0 || st.ForcedCuts != 0 || st.Problem != "" {
					t.Errorf("%+v", st)
				}
			})
		}
	}
}

// Key frames that never coincide do not stop a channel: the lead decides, and the operator is told.
func TestRenditionsWithoutCommonKeyFrames(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{21, 300, 700, 1500, 1979} {
		t.Run(fmt.Sprint(late), func(t *testing.T) {
			t.Parallel()
			y := ladder(90000)
			y.video(0, 0, 40*sec, fps25, 50, false)
			y.video(1, 0, 40*sec, fps25, 50, false)
			y.video(2, late*time.Millisecond, 40*sec, fps25, 50, false)
			y.audio(3, 0, 40*sec, 48000)
			rec := newRecorder(t, Resume{})
			p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
			must(t, err)
			must(t, y.run(p))
			rec.complete()
			must(t, y.verify(rec, p.Stats(), 25*time.Microsecond))
			if got := sets(rec.runs); got != "v1v2v3a1" && got != "v1v2a1 v1v2v3a1" {
				t.Errorf("runs %s", got)
			}
			st := p.Stats()
			if st.ApartCuts < 10 || !strings.Contains(st.Problem, "v3") {
				t.Errorf("%+v", st)
			}
			if rec.target != 2*sec || len(rec.borders()["v1"]) < 15 {
				t.Errorf("target %v, %d segments", rec.target, len(rec.borders()["v1"]))
			}
		})
	}
}

// A rung that stops is left out of the next run, and joins another one when it is back; the others lose nothing, even when it was the
// lead.
func TestRenditionComesAndGoes(t *testing.T) {
	t.Parallel()
	for gone, want := range map[int]string{0: "v1v2v3a1 v2v3a1 v1v2v3a1", 2: "v1v2v3a1 v1v2a1 v1v2v3a1"} {
		for _, said := range []bool{false, true} {
			t.Run(fmt.Sprint("v", gone+1, said), func(t *testing.T) {
				t.Parallel()
				y := ladder(90000)
				for track := range 3 {
					if track == gone {
						y.video(track, 0, 9*sec, fps25, 50, false)
						y.video(track, 20*sec, 40*sec, fps25, 50, false)
						continue
					}
					y.video(track, 0, 40*sec, fps25, 50, false)
				}
				y.audio(3, 0, 40*sec, 48000)
				rec := newRecorder(t, Resume{})
				p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
				must(t, err)
				must(t, p.Start(y.formats, epoch))
				now := epoch
				left := false
				for _, e := range y.sorted() {
					now = epoch.Add(e.arrival)
					if said && !left && e.arrival > 9*sec {
						left = true
						must(t, p.Leave(gone, now))
					}
					must(t, p.Write(e.s, now))
				}
				must(t, p.Flush(now))
				rec.complete()
				must(t, y.verify(rec, p.Stats(), 25*time.Microsecond))
				rec.independent(t)
				if got := sets(rec.runs); got != want {
					t.Fatalf("runs %s, want %s", got, want)
				}
				for i := range 2 {
					if hole := rec.runs[i+1].Start.Sub(rec.runs[i].Start) % (2 * sec); hole != 0 {
						t.Errorf("run %d begins at %v, the next at %v", i, rec.runs[i].Start, rec.runs[i+1].Start)
					}
				}
				if st := p.Stats(); st.Samples-st.Out > 50 { // it is back a moment after a border
					t.Errorf("%d of %d samples are out: %v", st.Out, st.Samples, st.Dropped)
				}
			})
		}
	}
}

// A rung that stops when it has come over a border, where the others have not, is in no row behind it: its last one ends where theirs do.
func TestRenditionStopsAtABorder(t *testing.T) {
	t.Parallel()
	for gone, want := range map[int]string{0: "v1v2v3a1 v2v3a1 v1v2v3a1", 2: "v1v2v3a1 v1v2a1 v1v2v3a1"} {
		for pictures := range 4 {
			t.Run(fmt.Sprintf("v%d, %d", gone+1, pictures), func(t *testing.T) {
				t.Parallel()
				y := ladder(90000)
				end := 10*sec + time.Duration(pictures)*40*time.Millisecond
				for track := range 3 {
					if track == gone {
						y.video(track, 0, end, fps25, 50, false)
						y.video(track, 20*sec, 30*sec, fps25, 50, false)
						continue
					}
					y.video(track, 0, 30*sec, fps25, 50, false)
					y.delay(track, 150*time.Millisecond)
				}
				y.audio(3, 0, 30*sec, 48000)
				rec := newRecorder(t, Resume{})
				p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
				must(t, err)
				must(t, p.Start(y.formats, epoch))
				now, left := epoch, false
				for _, e := range y.sorted() {
					if !left && e.arrival >= end {
						left = true
						must(t, p.Leave(gone, now))
					}
					now = epoch.Add(e.arrival)
					must(t, p.Write(e.s, now))
				}
				must(t, p.Flush(now))
				rec.complete()
				must(t, y.verify(rec, p.Stats(), 25*time.Microsecond))
				rec.independent(t)
				if got := sets(rec.runs); got != want {
					t.Errorf("runs %s", got)
				}
				rows := map[uint64]media.SegmentEnd{}
				for _, e := range rec.ends {
					if e.Track[0] != 'v' {
						continue
					}
					if other, ok := rows[e.Segment]; ok && (e.Start != other.Start || e.Duration != other.Duration) {
						t.Errorf("row %d: %s has %d + %d, %s %d + %d", e.Segment, other.Track, other.Start, other.Duration, e.Track, e.Start, e.Duration)
					}
					rows[e.Segment] = e
				}
				if st := p.Stats(); st.Samples-st.Out != uint64(pictures) {
					t.Errorf("%d of %d samples are out: %v", st.Out, st.Samples, st.Dropped)
				}
			})
		}
	}
}

// A rung that is announced while others are on air joins at a border; until then nothing changes.
func TestRenditionThatComesLater(t *testing.T) {
	t.Parallel()
	y := ladder(90000)
	for i, name := range []string{"v2", "v1", "v3", "a1"} {
		y.formats[i].Name = name
	}
	y.video(0, 0, 30*sec, fps25, 50, false)
	y.video(1, 10*sec, 30*sec, fps25, 50, false)
	y.audio(3, 0, 30*sec, 48000)
	rec := newRecorder(t, Resume{})
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	f := y.formats
	must(t, p.Start([]media.Format{f[0], f[3]}, epoch))
	places := map[int]int{0: 0, 3: 1}
	now := epoch
	for _, e := range y.sorted() {
		now = epoch.Add(e.arrival)
		if e.s.Track == 1 && len(places) == 2 {
			must(t, p.Start([]media.Format{f[1], f[0], f[3]}, now))
			places = map[int]int{1: 0, 0: 1, 3: 2}
		}
		s := e.s
		s.Track = places[s.Track]
		must(t, p.Write(s, now))
	}
	must(t, p.Flush(now))
	rec.complete()
	must(t, y.verify(rec, p.Stats(), 25*time.Microsecond))
	rec.independent(t)
	if got := sets(rec.runs); got != "v2a1 v1v2a1" {
		t.Fatalf("runs %s", got)
	}
	if st := p.Stats(); st.Samples-st.Out > 50 || rec.runs[1].Start.Sub(rec.runs[0].Start) > 12*sec {
		t.Errorf("%d of %d samples are out: %v; %v", st.Out, st.Samples, st.Dropped, rec.runs[1].Start.Sub(rec.runs[0].Start))
	}
}

// A rung that comes back with key frames a moment before those of the others was never taken.
func TestRenditionThatComesBackALittleEarly(t *testing.T) {
	t.Parallel()
	y := ladder(1000)
	y.video(0, 0, 9*sec, fps25, 50, false)
	y.video(0, 20*sec-21*time.Millisecond, 60*sec, fps25, 50, false)
	y.video(1, 0, 60*sec, fps25, 50, false)
	y.video(2, 0, 60*sec, fps25, 50, false)
	y.audio(3, 0, 60*sec, 48000)
	rec := newRecorder(t, Resume{})
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	must(t, y.run(p))
	rec.complete()
	must(t, y.verify(rec, p.Stats(), 3*time.Millisecond))
	if got := sets(rec.runs); got != "v1v2v3a1 v2v3a1 v1v2v3a1" {
		t.Errorf("runs %s; %+v", got, p.Stats())
	}
}
