package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

var (
	fps25   = media.Fraction{Num: 25, Den: 1}
	fps2997 = media.Fraction{Num: 30000, Den: 1001}
)

const sec = time.Second

func TestSynthetic(t *testing.T) {
	t.Parallel()
	type want struct {
		runs   int
		tracks []string // of each run, names joined
		rows   int
		target time.Duration
	}
	const mpeg, flv = 1 << 33, 1 << 32
	tests := []struct {
		name string
		cfg  Config
		make func(y *synth)
		want want
	}{
		{"plain", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.video(0, 0, 10*sec, fps25, 50, false)
			y.audio(1, 0, 10*sec, 48000)
		}, want{1, []string{"v1a1"}, 5, 2 * sec}},
		{"B-frames, 29.97, one chunk a segment", Config{2 * sec, 0}, func(y *synth) {
			y.video(0, 0, 10*sec, fps2997, 60, true)
			y.audio(1, 0, 10*sec, 48000)
		}, want{1, []string{"v1a1"}, 5, 2 * sec}},
		{"wraps in the middle", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.base = time.Duration(media.Ticks(mpeg).Duration(90000)) - 5*sec
			y.video(0, 0, 10*sec, fps25, 50, true)
			y.audio(1, 0, 10*sec, 48000)
		}, want{1, []string{"v1a1"}, 5, 2 * sec}},
		{"milliseconds", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.formats = []media.Format{avcFormat(1000, flv), aacFormat(44100, 1000, flv)}
			y.video(0, 0, 10*sec, fps2997, 60, false)
			y.audio(1, 0, 10*sec, 44100)
		}, want{1, []string{"v1a1"}, 5, 2 * sec}},
		{"audio only", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.formats = y.formats[1:]
			y.audio(0, 0, 10*sec, 48000)
		}, want{1, []string{"a1"}, 6, 2 * sec}},
		{"audio is announced and never comes", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.video(0, 0, 10*sec, fps25, 50, false)
		}, want{1, []string{"v1"}, 5, 2 * sec}},
		{"video is announced and never comes", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.audio(1, 0, 10*sec, 48000)
		}, want{1, []string{"a1"}, 6, 2 * sec}},
		{"long GOPs at first", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.video(0, 0, 20*sec, fps25, 125, false)
			y.audio(1, 0, 20*sec, 48000)
		}, want{1, []string{"v1a1"}, 4, 7 * sec}},
		{"one frame a second", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.video(0, 0, 20*sec, media.Fraction{Num: 1, Den: 1}, 2, false)
			y.audio(1, 0, 20*sec, 48000)
		}, want{1, []string{"v1a1"}, 10, 2 * sec}},
		{"audio stops for good", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.video(0, 0, 20*sec, fps25, 50, false)
			y.audio(1, 0, 9*sec, 48000)
		}, want{2, []string{"v1a1", "v1"}, 10, 2 * sec}},
		{"audio stops and comes back", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.video(0, 0, 30*sec, fps25, 50, false)
			y.audio(1, 0, 9*sec, 48000)
			y.audio(1, 17*sec, 30*sec, 48000)
		}, want{3, []string{"v1a1", "v1", "v1a1"}, 15, 2 * sec}},
		{"video stops and comes back", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.audio(1, 0, 30*sec, 48000)
			y.video(0, 0, 9*sec, fps25, 50, false)
			y.video(0, 17*sec, 30*sec, fps25, 50, false)
		}, want{3, []string{"v1a1", "a1", "v1a1"}, 0, 2 * sec}},
		{"everything has a hole of five seconds", Config{2 * sec, 200 * time.Millisecond}, func(y *synth) {
			y.video(0, 0, 10*sec, fps25, 50, false)
			y.audio(1, 0, 10*sec, 48000)
			y.video(0, 15*sec, 25*sec, fps25, 50, false)
			y.audio(1, 15*sec, 25*sec, 48000)
		}, want{2, []string{"v1a1", "v1a1"}, 10, 2 * sec}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			y := &synth{formats: []media.Format{avcFormat(90000, mpeg), aacFormat(48000, 90000, mpeg)}}
			tt.make(y)
			rec := newRecorder(t, Resume{Segment: 7})
			p, err := New(tt.cfg, Resume{Segment: 7, Run: 3}, rec)
			must(t, err)
			must(t, y.run(p))
			rec.complete()
			st := p.Stats()
			tolerance := 25 * time.Microsecond
			if y.formats[0].Clock.Timescale == 1000 {
				tolerance = 3 * time.Millisecond
			}
			must(t, y.verify(rec, st, tolerance))
			if tt.cfg.Chunk > 0 {
				must(t, checkChunks(rec, tt.cfg.Chunk))
			}
			var sets []string
			for _, r := range rec.runs {
				s := ""
				for _, tr := range r.Tracks {
					s += tr.Name
				}
				sets = append(sets, s)
			}
			if len(sets) != tt.want.runs {
				t.Fatalf("runs %v, want %v; %+v", sets, tt.want.tracks, st)
			}
			for i := range sets {
				if sets[i] != tt.want.tracks[i] {
					t.Fatalf("runs %v, want %v", sets, tt.want.tracks)
				}
			}
			if rows := int(rec.next - 7); tt.want.rows > 0 && (rows < tt.want.rows || rows > tt.want.rows+1) {
				t.Errorf("%d rows, want %d", rows, tt.want.rows)
			}
			if rec.target != tt.want.target {
				t.Errorf("target %v, want %v", rec.target, tt.want.target)
			}
			t.Logf("%+v", st)
		})
	}
}
