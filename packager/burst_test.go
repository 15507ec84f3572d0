package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

// Encoders send at once what they had when they connected, and some send whole segments. Where such a feed stands is known from its first row
// on: its wall clock does not go back afterwards, and no stretch is shorter than its rows.
func TestBurstAtTheBeginningIsNoStretch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrival func(dts time.Duration) time.Duration
		ahead   time.Duration // of its arrival is the feed's timeline
	}{
		"in real time": {func(dts time.Duration) time.Duration { return dts }, 0},
		"five seconds, and then in real time": {
			func(dts time.Duration) time.Duration { return max(dts/50, dts-5*sec) }, 5 * sec,
		},
		"whole segments": {
			func(dts time.Duration) time.Duration { return dts.Truncate(2*sec) + dts%(2*sec)/50 }, 1920 * time.Millisecond,
		},
	} {
		y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
		y.video(0, 0, 40*sec, fps25, 50, false)
		y.audio(1, 0, 40*sec, 48000)
		for i := range y.events {
			y.events[i].arrival = c.arrival(y.events[i].dts)
		}
		rec := newRecorder(t, Resume{})
		p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
		must(t, err)
		must(t, y.run(p))
		rec.complete()
		if err := y.verify(rec, p.Stats(), time.Millisecond); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for n, a := range rec.anchors {
			if a.Segment != 0 || (a.Shift+c.ahead).Abs() > 50*time.Millisecond {
				t.Errorf("%s: row %d has anchor %+v", name, n, a)
			}
		}
	}
}
