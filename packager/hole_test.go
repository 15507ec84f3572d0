package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

// What is missing behind a frame whose chunk has gone out already is a gap: within a run up to where the next segment begins. A run that ends
// there ends with its media, and does not make the hole part of its last segment.
func TestHoleBehindAPromisedFrame(t *testing.T) {
	t.Parallel()
	const until, again = 2 * sec, 3200 * time.Millisecond
	for name, c := range map[string]struct {
		formats int
		runs    string
		lasts   time.Duration // the segment before the hole
	}{
		"in a run":          {2, "v1a1", again},
		"at the end of one": {3, "v1a1 v1a1a2", until}, // a second sound track joins at the border
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 48000, 0), aacFormat(48000, 48000, 0)}[:c.formats]}
			y.video(0, 0, until, fps25, 50, false)
			y.video(0, again, 9200*time.Millisecond, fps25, 50, false)
			y.audio(1, 0, 9*sec, 48000)
			if c.formats > 2 {
				y.audio(2, 1500*time.Millisecond, 9*sec, 48000)
			}
			rec := newRecorder(t, Resume{})
			p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
			must(t, err)
			must(t, y.run(p))
			rec.complete()
			must(t, y.verify(rec, p.Stats(), 60*time.Microsecond))
			if got := sets(rec.runs); got != c.runs || p.Stats().LateFrames != 1 {
				t.Errorf("runs %s, %d late frames", got, p.Stats().LateFrames)
			}
			starts := map[uint64]media.Ticks{}
			parts := time.Duration(0)
			for _, e := range rec.ends {
				if e.Track != "v1" {
					continue
				}
				starts[e.Segment] = e.Start
				if d := e.Duration.Duration(e.Timescale); e.Segment == 0 && d != c.lasts {
					t.Errorf("the segment before the hole lasts %v", d)
				}
			}
			for _, chunk := range rec.chunks {
				if chunk.Track == "v1" && chunk.Segment == 0 {
					parts += chunk.Duration.Duration(chunk.Timescale)
				}
			}
			if d := (starts[1] - starts[0]).Duration(90000); d != again || parts != until {
				t.Errorf("the segment behind the hole begins at %v; what is before it lasts %v", d, parts)
			}
		})
	}
}
