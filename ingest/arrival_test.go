package ingest

import (
	"testing"
	"time"

	"weir/internal/media"
)

// held are the rows of a feed of pictures and sound whose first three seconds come all at once, as from an adapter that held them back.
func held(t *testing.T, f *fixture) (rows []media.SegmentEnd) {
	t.Helper()
	const wait, length = 3 * time.Second, 20 * time.Second
	begin := f.clock.now()
	feed, err := f.Open(t.Context(), Publish{Channel: "news", Protocol: "cmaf"})
	if err != nil {
		t.Fatal(err)
	}
	sound := aac()
	sound.Clock = media.Clock{Timescale: 1000, Wrap: 1 << 32}
	f.clock.advance(wait)
	if err := feed.Start([]media.Format{avc(), sound}); err != nil {
		t.Fatal(err)
	}
	for at := time.Duration(0); at < length; at += 40 * time.Millisecond {
		if ahead := begin.Add(at).Sub(f.clock.now()); ahead > 0 {
			f.clock.advance(ahead)
		}
		ms := media.Ticks(7000 + at.Milliseconds())
		for track := range 2 {
			s := media.Sample{Track: track, PTS: ms, DTS: ms, Sync: track == 1 || at%(2*time.Second) == 0, Data: make([]byte, 99)}
			if at < wait { // sound comes a little later than its pictures, which is before the pictures that follow
				s.Arrived = begin.Add(at + time.Duration(track)*60*time.Millisecond)
			}
			if err := feed.Write(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	w := f.bus.writer(t, 0)
	feed.Close(nil)
	<-w.closed
	for _, e := range w.ends {
		if e.Track == "v1" {
			rows = append(rows, e)
		}
	}
	if want := int(length / (2 * time.Second)); len(rows) != want {
		t.Fatalf("%d rows, want %d", len(rows), want)
	}
	return rows
}

// Samples that an adapter held back for three seconds place the feed where they came, and so it stays: no Period is shorter than its media, and
// wall clocks rise by what rows last.
func TestHeldSamplesArePlacedByTheirArrival(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	begin := f.clock.now()
	rows := held(t, f)
	for i, e := range rows {
		start, d := e.Start.Time(e.Timescale), e.Duration.Duration(e.Timescale)
		if e.Anchor != rows[0].Anchor {
			t.Errorf("row %d begins a stretch: %+v after %+v", e.Segment, e.Anchor, rows[0].Anchor)
		}
		if off := e.Wall.Sub(begin.Add(time.Duration(i) * 2 * time.Second)); off.Abs() > 5*time.Millisecond {
			t.Errorf("row %d is %v from when it came", e.Segment, off)
		}
		if i+1 < len(rows) {
			next := rows[i+1]
			if shown := next.Start.Time(next.Timescale).Add(next.Anchor.Shift).Sub(start.Add(e.Anchor.Shift)); shown != d {
				t.Errorf("row %d of %v is shown for %v", e.Segment, d, shown)
			}
			if rise := next.Wall.Sub(e.Wall); (rise - d).Abs() > 5*time.Millisecond {
				t.Errorf("row %d of %v: the next wall clock is %v later", e.Segment, d, rise)
			}
		}
	}
}

// What a sample says of its arrival is no more than a hint: it cannot have come after now, nor ages ago.
func TestArrivalIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct{ says, want time.Time }{
		"nothing":       {time.Time{}, now},
		"now":           {now, now},
		"a while ago":   {now.Add(-12 * time.Second), now.Add(-12 * time.Second)},
		"in the future": {now.Add(time.Second), now},
		"ages ago":      {time.Unix(0, 0), now.Add(-maxHeld)},
	} {
		if got := arrival(media.Sample{Arrived: c.says}, now); !got.Equal(c.want) {
			t.Errorf("%s: %v from now, want %v", name, got.Sub(now), c.want.Sub(now))
		}
	}
}
