package packager

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"weir/internal/media"
)

// flacFormat is FLAC in mono: frames of so many samples.
func flacFormat(rate, block int, clock media.Clock) media.Format {
	c := make([]byte, 38)
	c[0], c[3] = 0x80, 34
	c[4], c[5] = byte(block>>8), byte(block)
	c[6], c[7] = c[4], c[5]
	c[14], c[15], c[16], c[17] = byte(rate>>12), byte(rate>>4), byte(rate<<4), 15<<4
	return media.Format{Codec: media.FLAC, Config: c, Clock: clock}
}

// drifting follows a feed whose clock drifts: it is the output, and checks each row as it comes.
type drifting struct {
	t        *testing.T
	begins   time.Time                   // arrival of the feed's first sample, without jitter
	arrival  func(time.Duration) float64 // seconds after begins at which that source time arrives
	settled  func(time.Duration) bool    // whether the wall clock must be near at that source time
	runs     []media.Run
	tfdt     map[string]media.Ticks
	next     map[string]media.Ticks
	anchors  []media.Anchor
	shown    time.Time
	worst    time.Duration // of the wall clock against the true arrival
	rows     int
	earliest map[uint64]time.Time // of tracks' segments, by row
}

func (d *drifting) Run(run media.Run, _ []media.Init) error {
	d.runs = append(d.runs, run)
	d.tfdt, d.next, d.earliest = map[string]media.Ticks{}, map[string]media.Ticks{}, map[uint64]time.Time{}
	return nil
}

func (d *drifting) Target(time.Duration) error { return nil }
func (d *drifting) Signal(media.Signal) error  { return nil }

func (d *drifting) Chunk(c media.Chunk) error {
	if at, ok := d.tfdt[c.Track]; ok && at != c.Start {
		d.t.Fatalf("chunk %s %d.%d: tfdt %d, want %d", c.Track, c.Segment, c.Index, c.Start, at)
	}
	d.tfdt[c.Track] = c.Start + c.Duration
	return nil
}

func (d *drifting) End(e media.SegmentEnd) error {
	start := e.Start.Time(e.Timescale)
	if at, ok := d.next[e.Track]; e.Gap() || ok && at != e.Start {
		d.t.Fatalf("segment %d of %s: %+v, the one before ended at %d", e.Segment, e.Track, e, at)
	}
	d.next[e.Track] = e.Start + e.Duration
	if e.Track != "v1" {
		if off := start.Sub(d.earliest[e.Segment]); off.Abs() > time.Second/1000 {
			d.t.Fatalf("row %d: sound begins %v after the picture", e.Segment, off)
		}
		delete(d.earliest, e.Segment)
		return nil
	}
	d.earliest[e.Segment] = start
	d.rows++
	if n := len(d.anchors); n == 0 || d.anchors[n-1] != e.Anchor {
		d.anchors = append(d.anchors, e.Anchor)
		if e.Anchor.Segment != e.Segment || !e.Anchor.Start.Equal(start) {
			d.t.Fatalf("row %d at %v begins a stretch with anchor %+v", e.Segment, start, e.Anchor)
		}
	}
	shown := start.Add(e.Anchor.Shift)
	if off := e.Wall.Sub(shown); off.Abs() > 200*time.Millisecond || !shown.After(d.shown) {
		d.t.Fatalf("row %d: shown at %v after %v, %v from its wall clock", e.Segment, shown, d.shown, off)
	}
	d.shown = shown
	source := start.Sub(d.runs[0].Start)
	if d.settled(source) {
		truth := d.begins.Add(time.Duration(d.arrival(source) * float64(time.Second)))
		off := e.Wall.Sub(truth)
		if d.worst = max(d.worst, off.Abs()); off.Abs() > 200*time.Millisecond {
			d.t.Fatalf("after %v the wall clock is off by %v", source, off)
		}
	}
	return nil
}

// play packages so long a feed of pictures and sound, fps of both, whose samples come jitter later or earlier than they should.
func (d *drifting) play(length time.Duration, fps int, jitter time.Duration) Stats {
	const block, hertz = 4000, 8000 // half a second
	clock := media.Clock{Timescale: 90000, Wrap: 1 << 33}
	formats := []media.Format{avcFormat(90000, 1<<33), flacFormat(hertz, block*2/fps, clock)}
	d.begins = epoch
	p, err := New(Config{2 * time.Second, time.Second}, Resume{}, d)
	must(d.t, err)
	must(d.t, p.Start(formats, epoch))
	random := rand.New(rand.NewPCG(1, 2))
	video, audio := id(0, 0, 8), id(1, 0, 8)
	now := time.Time{}
	for n := range int64(length/time.Second) * int64(fps) {
		source := time.Duration(n) * time.Second / time.Duration(fps)
		ts := (1<<33 - 3600*90000 + media.Ticks(n*90000/int64(fps))) % (1 << 33)
		for track, data := range [][]byte{video, audio} {
			at := epoch.Add(time.Duration(d.arrival(source) * float64(time.Second)))
			if jitter > 0 {
				at = at.Add(time.Duration(random.Int64N(int64(2*jitter))) - jitter)
			}
			if at.After(now) {
				now = at
			}
			must(d.t, p.Write(media.Sample{Track: track, DTS: ts, PTS: ts, Sync: n%int64(2*fps) == 0, Data: data}, now))
		}
	}
	must(d.t, p.Flush(now))
	return p.Stats()
}

func always(time.Duration) bool { return true }

// Over a day at 100 ppm the wall clock stays within 200 ms of arrival, and nothing else moves: one run, segments as long as they
// are, sound with the picture. Anchors take the wall clock's way in steps.
func TestDriftOverADay(t *testing.T) {
	t.Parallel()
	for _, ppm := range []float64{100, -100} {
		for _, jitter := range []time.Duration{0, 150 * time.Millisecond} {
			t.Run(fmt.Sprintf("%g ppm, %v", ppm, jitter), func(t *testing.T) {
				t.Parallel()
				day, fps := 24*time.Hour, 1
				if jitter > 0 {
					day, fps = 6*time.Hour, 2
				}
				d := &drifting{t: t, settled: always, arrival: func(source time.Duration) float64 {
					return source.Seconds() * (1 + ppm/1e6)
				}}
				st := d.play(day, fps, jitter)
				if len(d.runs) != 1 || st.ForcedCuts != 0 || st.ShortChunks+st.LongChunks+st.LateFrames != 0 || len(st.Dropped) != 0 {
					t.Errorf("%d runs, %+v", len(d.runs), st)
				}
				if want := int(day / (2 * time.Second)); d.rows < want || d.rows > want+1 {
					t.Errorf("%d rows, want %d", d.rows, want)
				}
				last := d.anchors[len(d.anchors)-1]
				if drift := time.Duration(ppm / 1e6 * float64(day)); (last.Shift - drift).Abs() > 100*time.Millisecond+2*jitter {
					t.Errorf("the last stretch is shifted by %v, the clock drifted by %v", last.Shift, drift)
				}
				if least := int(day / (20 * time.Minute)); len(d.anchors) < least || len(d.anchors) > 2*least {
					t.Errorf("%d stretches, not %d and a few more", len(d.anchors), least)
				}
				for i, a := range d.anchors[1:] {
					if step := (a.Shift - d.anchors[i].Shift).Abs(); step > 200*time.Millisecond && jitter == 0 {
						t.Errorf("stretch %d is shifted by %v more than the one before", i+1, step)
					}
				}
				t.Logf("%d stretches, wall clock off by %v at most", len(d.anchors), d.worst)
			})
		}
	}
}

// A network that becomes slower, and faster again, is followed in a while, without an overlap.
func TestStepOfNetworkDelay(t *testing.T) {
	t.Parallel()
	for _, step := range []float64{0.1, 0.3, 0.6} {
		for _, jitter := range []time.Duration{0, 50 * time.Millisecond} {
			const slow, fast = 2 * time.Minute, 4 * time.Minute
			d := &drifting{t: t, arrival: func(source time.Duration) float64 {
				if source >= slow && source < fast {
					return source.Seconds() + step
				}
				return source.Seconds()
			}}
			d.settled = func(source time.Duration) bool {
				const delay, rise = 8 * time.Second, wallRise
				late := source - slow
				return late < 0 || late > delay+time.Duration(step*rise*float64(time.Second)) && source < fast || source > fast+4*time.Second
			}
			st := d.play(6*time.Minute, 5, jitter)
			if len(d.runs) != 1 || st.ForcedCuts != 0 || len(st.Dropped) != 0 {
				t.Errorf("step of %g s: %d runs, %+v", step, len(d.runs), st)
			}
			if step == 0.1 && len(d.anchors) > 3 {
				t.Errorf("step of %g s: anchors %+v", step, d.anchors)
			}
		}
	}
}
