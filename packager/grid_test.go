package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

// A source that says where its segments begin keeps them, whatever other key frames there are, and whenever it comes: also right behind
// another one.
func TestSegmentsOfTheSourceAreKept(t *testing.T) {
	t.Parallel()
	for _, base := range []time.Duration{0, 40 * time.Millisecond, 1_700_000_000 * sec} { // of the source's clock, where a segment of its begins
		for late := time.Duration(0); late < 2*sec; late += 310 * time.Millisecond { // that its first frames come
			y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 48000, 0)}, base: base}
			for i := range y.formats {
				y.formats[i].Clock.Grid = true
			}
			y.video(0, 0, 8*sec, fps25, 25, true) // key frames every second, segments of two
			y.audio(1, 0, 8*sec, 48000)
			for i := range y.events {
				y.events[i].arrival += late
			}
			for _, resume := range []Resume{{}, {Segment: 7, Run: 1, End: epoch.Add(late + 700*time.Millisecond)}} {
				rec := newRecorder(t, resume)
				p, err := New(Config{2 * sec, 200 * time.Millisecond}, resume, rec)
				must(t, err)
				must(t, y.run(p))
				rec.complete()
				must(t, y.verify(rec, p.Stats(), 60*time.Microsecond))
				if len(rec.runs) != 1 || p.Stats().Out != p.Stats().Samples || rec.runs[0].Start.Before(resume.End) {
					t.Errorf("base %v, %v late: %+v, run from %v", base, late, p.Stats(), rec.runs[0].Start)
				}
				rows := 0
				for _, e := range rec.ends {
					if d := e.Duration.Duration(e.Timescale); e.Track == "v1" && d != 2*sec {
						t.Errorf("base %v, %v late: segment %d lasts %v", base, late, e.Segment, d)
					}
					if e.Track == "v1" {
						rows++
					}
				}
				if rows != 4 {
					t.Errorf("base %v, %v late: %d segments", base, late, rows)
				}
			}
		}
	}
}
