package packager

import (
	"slices"
	"testing"
	"time"

	"weir/internal/media"
)

// timedOutput notes when things went out.
type timedOutput struct {
	discard
	now    time.Time
	late   map[string]time.Duration // of chunks after the end of their media, the worst of each track
	lates  []time.Duration          // the same of all chunks of the lead
	closed map[uint64]time.Time     // rows, by the last track's end
	began  map[uint64]time.Time     // rows, by the lead's next
}

func (o *timedOutput) Chunk(c media.Chunk) error {
	end := (c.Start + c.Duration).Time(c.Timescale)
	if first := epoch.Add(watch + 100*time.Millisecond); end.Before(first) { // it waits until it is known how the feed comes
		end = first
	}
	if c.Track == "v1" {
		o.lates = append(o.lates, o.now.Sub(end))
	}
	o.late[c.Track] = max(o.late[c.Track], o.now.Sub(end))
	return nil
}

func (o *timedOutput) End(e media.SegmentEnd) error {
	o.closed[e.Segment] = o.now
	if e.Track == "v1" {
		o.began[e.Segment] = o.now
	}
	return nil
}

func play(t *testing.T, y *synth) *timedOutput {
	t.Helper()
	o := &timedOutput{late: map[string]time.Duration{}, closed: map[uint64]time.Time{}, began: map[uint64]time.Time{}}
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, o)
	must(t, err)
	must(t, p.Start(y.formats, epoch))
	for _, e := range y.sorted() {
		o.now = epoch.Add(e.arrival)
		must(t, p.Write(e.s, o.now))
	}
	return o
}

// A chunk goes out with its last frame, or the sound frame that follows it, whatever the frame rate; one that ends a segment before its
// time with the frame that follows.
func TestChunksGoOutAsSoonAsTheyCan(t *testing.T) {
	t.Parallel()
	for _, rate := range []media.Fraction{{Num: 24000, Den: 1001}, fps25, fps2997, {Num: 50, Den: 1}, {Num: 25, Den: 2}} {
		y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
		y.video(0, 0, 20*sec, rate, 48, false)
		y.audio(1, 0, 20*sec, 48000)
		o := play(t, y)
		if v, a := o.late["v1"], o.late["a1"]; v > 5*time.Millisecond || a > 90*time.Millisecond {
			t.Errorf("%v frames a second: chunks are late by %v and %v", rate, v, a)
		}
		frame := time.Duration(rate.Den) * sec / time.Duration(rate.Num)
		if slices.Sort(o.lates); o.lates[len(o.lates)*3/4] > 5*time.Millisecond-frame {
			t.Errorf("%v frames a second: chunks wait for the frame behind them", rate)
		}
	}
}

// A track that stops holds its row back by no more than a segment.
func TestStoppedTrackDoesNotHoldRowsBack(t *testing.T) {
	t.Parallel()
	for _, stop := range []time.Duration{3 * sec, 4100 * time.Millisecond, 5900 * time.Millisecond} {
		y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
		y.video(0, 0, 20*sec, fps25, 50, false)
		y.audio(1, 0, stop, 48000)
		o := play(t, y)
		for row, at := range o.began {
			if held := o.closed[row].Sub(at); held > 2100*time.Millisecond {
				t.Errorf("audio stops at %v: row %d is held for %v", stop, row, held)
			}
		}
		if len(o.began) < 9 {
			t.Errorf("audio stops at %v: %d rows in 20 s", stop, len(o.began))
		}
	}
}
