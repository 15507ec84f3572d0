package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

// Where audio frames are missing just before a border, the frame before them lasted over it by as much, and the segment could
// exceed the target duration if the lead's had used it up.
func TestMissingAudioAtABorderKeepsTheTarget(t *testing.T) {
	t.Parallel()
	for _, gap := range []time.Duration{60, 120, 200} {
		for at := 2600 * time.Millisecond; at < 3100*time.Millisecond; at += 20 * time.Millisecond {
			y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
			y.video(0, 0, 8*sec, fps25, 1000, false) // every segment is as long as it may be
			y.audio(1, 0, at, 48000)
			y.audio(1, at+gap*time.Millisecond, 8*sec, 48000)
			resume := Resume{Target: sec}
			rec := newRecorder(t, resume)
			p, err := New(Config{sec, 200 * time.Millisecond}, resume, rec)
			must(t, err)
			must(t, y.run(p))
			rec.complete()
			must(t, y.verify(rec, p.Stats(), 60*time.Microsecond))
			if len(rec.runs) != 1 || p.Stats().Out != p.Stats().Samples {
				t.Errorf("%d ms from %v on: %+v", gap, at, p.Stats())
			}
		}
	}
}

// A row whose samples came early, right after a late one that the clock was anchored anew behind, had a wall clock before it.
func TestWallClockRisesOverAnAnchor(t *testing.T) {
	t.Parallel()
	p, err := New(Config{2 * sec, 0}, Resume{}, newRecorder(t, Resume{}))
	must(t, err)
	p.wall.applied = 300 * time.Millisecond
	at := media.Ticks(epoch.UnixNano())
	late := p.rowWall(at)
	p.wall.reset(0)
	if next := p.rowWall(at + media.Ticks(200*time.Millisecond)); !next.After(late) {
		t.Errorf("wall clock %v after %v", next, late)
	}
}
