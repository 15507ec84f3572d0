package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

// An encoder whose clock is fast leaves a timeline that is ahead of us. Its next run begins there, but was not seen in the future.
func TestRunBehindATimelineThatIsAhead(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{0, 50 * time.Millisecond, 9 * sec, time.Hour} {
		y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
		y.video(0, 0, 10*sec, fps25, 50, false)
		y.audio(1, 0, 10*sec, 48000)
		resume := Resume{Segment: 7, Run: 1, End: epoch.Add(ahead), Shift: -ahead}
		rec := newRecorder(t, resume)
		p, err := New(Config{2 * sec, 200 * time.Millisecond}, resume, rec)
		must(t, err)
		must(t, y.run(p))
		rec.complete()
		run := rec.runs[0]
		if off := run.Start.Sub(resume.End); off.Abs() > time.Millisecond {
			t.Errorf("%v ahead: the run begins at %v", ahead, off)
		}
		want := media.Anchor{Segment: 7, Start: run.Start}
		if ahead > maxOff {
			want.Shift = -ahead
		}
		if e := rec.ends[0]; e.Anchor != want || e.Wall.Sub(epoch).Abs() > time.Millisecond {
			t.Errorf("%v ahead: wall clock %v, anchor %+v", ahead, e.Wall.Sub(epoch), e.Anchor)
		}
		if last := rec.ends[len(rec.ends)-1]; last.Anchor != want {
			t.Errorf("%v ahead: anchor %+v, in the end %+v", ahead, want, last.Anchor)
		}
	}
}

// A run that goes on with the clock of the one before it joins that one also where it is shown.
func TestNewRunOfTheSameClockKeepsItsShift(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
	y.video(0, 0, 40*sec, fps25, 50, false)
	y.audio(1, 0, 40*sec, 48000)
	for i := range y.events {
		y.events[i].arrival = y.events[i].dts * 99 / 100
	}
	rec := newRecorder(t, Resume{})
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	must(t, p.Start(y.formats, epoch))
	other := append([]media.Format(nil), y.formats...)
	other[1].Language = "de"
	for _, e := range y.sorted() {
		if e.dts == 30*sec {
			must(t, p.Start(other, epoch.Add(e.arrival)))
		}
		must(t, p.Write(e.s, epoch.Add(e.arrival)))
	}
	must(t, p.Flush(epoch.Add(40*sec)))
	rec.complete()
	if len(rec.runs) != 2 {
		t.Fatalf("%d runs", len(rec.runs))
	}
	before, after := rec.anchors[rec.runs[1].First-1], rec.anchors[rec.runs[1].First]
	if after.Segment != rec.runs[1].First || (after.Shift-before.Shift).Abs() > 150*time.Millisecond || after.Shift > -200*time.Millisecond {
		t.Errorf("anchor %+v after %+v", after, before)
	}
}

// A connection that was slow to come about delays the first samples only: that is known before the first row is told of.
func TestLateFirstSampleIsNotAStretch(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 0)}}
	y.video(0, 0, 20*sec, fps25, 50, false)
	for i := range y.events {
		y.events[i].arrival = max(y.events[i].arrival, 160*time.Millisecond)
	}
	rec := newRecorder(t, Resume{})
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	must(t, y.run(p))
	for n, a := range rec.anchors {
		if a.Segment != 0 || a.Shift != -160*time.Millisecond {
			t.Errorf("row %d: anchor %+v", n, a)
		}
	}
}
