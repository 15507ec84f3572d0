package packager

import (
	"fmt"
	"hash/crc32"
	"reflect"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/media"
)

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Fatalf(format string, args ...any)
	Helper()
}

// outSample is a sample as a player would decode it.
type outSample struct {
	track    string
	run      uint64
	segment  uint64
	dts, pts media.Ticks
	duration media.Ticks
	scale    uint32
	sync     bool
	data     []byte
}

// recorder is an Output that checks at every call what must always hold.
type recorder struct {
	t       failer
	next    uint64 // number that the next row must have
	runs    []media.Run
	inits   map[string]media.Init
	target  time.Duration
	chunks  []media.Chunk
	ends    []media.SegmentEnd
	samples []outSample
	signals []media.Signal

	rates    map[string]media.Rate   // of each track so far
	open     map[string]*openSegment // of each track of the current run
	walls    map[uint64]time.Time
	anchors  map[uint64]media.Anchor
	shown    time.Time // where its anchor puts the newest row
	lastWall time.Time
	fail     error // what the calls give back
	exact    bool  // the source's clock counts frames exactly
}

type openSegment struct {
	row     uint64 // next to end
	chunks  int
	bytes   int64
	sum     uint32
	next    media.Ticks // where the next segment must begin
	tfdt    media.Ticks // where the next chunk must begin
	begun   bool
	stopped bool // had a gap: may not have media any more
}

func newRecorder(t failer, r Resume) *recorder {
	rec := &recorder{t: t, next: r.Segment, target: r.Target, inits: map[string]media.Init{}, walls: map[uint64]time.Time{}}
	rec.anchors = map[uint64]media.Anchor{}
	rec.rates = map[string]media.Rate{}
	for k, v := range r.Rates {
		rec.rates[k] = v
	}
	for k, v := range r.Init {
		rec.inits[k] = v
	}
	return rec
}

func (r *recorder) Run(run media.Run, inits []media.Init) error {
	r.t.Helper()
	r.complete()
	if n := len(r.runs); n > 0 && run.ID != r.runs[n-1].ID+1 {
		r.t.Fatalf("run %d after %d", run.ID, r.runs[n-1].ID)
	}
	if run.First != r.next {
		r.t.Fatalf("run %d begins at row %d, want %d", run.ID, run.First, r.next)
	}
	if len(run.Tracks) == 0 || len(run.Tracks) != len(inits) {
		r.t.Fatalf("run %d: %d tracks, %d inits", run.ID, len(run.Tracks), len(inits))
	}
	r.open = map[string]*openSegment{}
	for i, tr := range run.Tracks {
		if tr.Name != inits[i].Track || tr.Init != inits[i].Version {
			r.t.Fatalf("run %d: init %s %d beside track %s %d", run.ID, inits[i].Track, inits[i].Version, tr.Name, tr.Init)
		}
		old, ok := r.inits[tr.Name]
		same := ok && string(old.Data) == string(inits[i].Data)
		if same != (old.Version == inits[i].Version) || inits[i].Version < old.Version {
			r.t.Fatalf("init %s: version %d after %d, equal: %v", tr.Name, inits[i].Version, old.Version, same)
		}
		r.inits[tr.Name] = inits[i]
		r.open[tr.Name] = &openSegment{row: run.First}
	}
	r.runs = append(r.runs, run)
	return r.fail
}

// complete checks that every track of the run has ended the same rows.
func (r *recorder) complete() {
	r.t.Helper()
	for name, o := range r.open {
		if o.row != r.next {
			r.t.Fatalf("track %s has ended rows up to %d, others up to %d", name, o.row, r.next)
		}
	}
}

// Signal checks that a signal comes with the row that it names, or again.
func (r *recorder) Signal(s media.Signal) error {
	r.t.Helper()
	if len(r.runs) == 0 {
		r.t.Fatalf("signal %s before the first run", s.ID)
	}
	run := r.runs[len(r.runs)-1]
	lead := r.open[run.Tracks[0].Name]
	again := false
	for i := range r.signals {
		again = again || reflect.DeepEqual(r.signals[i], s)
	}
	if !again && s.Row != lead.row && (lead.row == run.First || s.Row != lead.row-1) || s.Row > lead.row {
		r.t.Fatalf("signal %s of row %d, the lead is at %d", s.ID, s.Row, lead.row)
	}
	r.signals = append(r.signals, s)
	return r.fail
}

func (r *recorder) Target(d time.Duration) error {
	r.t.Helper()
	if r.target != 0 || d <= 0 || d%time.Second != 0 {
		r.t.Fatalf("target %v after %v", d, r.target)
	}
	r.target = d
	return r.fail
}

func (r *recorder) Chunk(c media.Chunk) error {
	r.t.Helper()
	run := r.runs[len(r.runs)-1]
	o := r.open[c.Track]
	if o == nil || c.Run != run.ID || c.Segment != o.row || c.Index != o.chunks || o.stopped {
		r.t.Fatalf("chunk %s %d.%d of run %d is out of place", c.Track, c.Segment, c.Index, c.Run)
	}
	if w, ok := r.walls[c.Segment]; ok && !w.Equal(c.Wall) {
		r.t.Fatalf("row %d has wall clocks %v and %v", c.Segment, w, c.Wall)
	}
	if _, ok := r.walls[c.Segment]; !ok && !c.Wall.After(r.lastWall) {
		r.t.Fatalf("row %d: wall clock %v after %v", c.Segment, c.Wall, r.lastWall)
	}
	r.walls[c.Segment], r.lastWall = c.Wall, c.Wall
	if a, ok := r.anchors[c.Segment]; ok && a != c.Anchor {
		r.t.Fatalf("row %d has anchors %+v and %+v", c.Segment, a, c.Anchor)
	}
	r.anchors[c.Segment] = c.Anchor
	if o.begun && c.Start != o.tfdt {
		r.t.Fatalf("chunk %s %d.%d: tfdt %d, want %d", c.Track, c.Segment, c.Index, c.Start, o.tfdt)
	}
	samples := decodeChunk(r.t, c)
	sum := media.Ticks(0)
	for i := range samples {
		samples[i].run, samples[i].segment = c.Run, c.Segment
		sum += samples[i].duration
	}
	if samples[0].dts != c.Start || sum != c.Duration || samples[0].sync != c.Independent {
		r.t.Fatalf("chunk %s %d.%d says %d+%d, holds %d+%d", c.Track, c.Segment, c.Index, c.Start, c.Duration, samples[0].dts, sum)
	}
	key := 0
	if c.Independent {
		key = len(c.Data)
		for _, s := range samples[1:] {
			key -= len(s.data)
		}
	}
	if c.Key != key {
		r.t.Fatalf("chunk %s %d.%d: the key frame ends at %d, want %d", c.Track, c.Segment, c.Index, c.Key, key)
	}
	r.samples = append(r.samples, samples...)
	o.begun, o.tfdt = true, c.Start+c.Duration
	o.chunks++
	o.bytes += int64(len(c.Data))
	o.sum = crc32.Update(o.sum, crc32.MakeTable(crc32.Castagnoli), c.Data)
	r.chunks = append(r.chunks, c)
	return r.fail
}

func (r *recorder) End(e media.SegmentEnd) error {
	r.t.Helper()
	run := r.runs[len(r.runs)-1]
	o := r.open[e.Track]
	if o == nil || e.Run != run.ID || e.Segment != o.row {
		r.t.Fatalf("end of %s %d in run %d is out of place", e.Track, e.Segment, e.Run)
	}
	if e.Chunks != o.chunks || e.Bytes != o.bytes || e.Checksum != o.sum {
		r.t.Fatalf("end of %s %d does not match its chunks: %+v", e.Track, e.Segment, e)
	}
	if e.Segment > run.First && e.Start != o.next {
		r.t.Fatalf("%s %d starts at %d, the one before it ended at %d", e.Track, e.Segment, e.Start, o.next)
	}
	if e.Duration < 0 || r.target == 0 || e.Duration.Duration(e.Timescale).Round(time.Second) > r.target {
		r.t.Fatalf("%s %d lasts %v, target %v", e.Track, e.Segment, e.Duration.Duration(e.Timescale), r.target)
	}
	if e.Track == run.Tracks[0].Name && (e.Chunks == 0 || e.Duration == 0) {
		r.t.Fatalf("lead %s has a gap at %d: %+v", e.Track, e.Segment, e)
	}
	r.checkAnchor(run, e)
	if was := r.rates[e.Track]; e.Rate.Peak < was.Peak || e.Rate.Average < was.Average || e.Rate.Peak < e.Rate.Average ||
		e.Rate.Average == 0 && e.Chunks > 0 && e.Duration > 0 {
		r.t.Fatalf("end of %s %d: rate %+v after %+v", e.Track, e.Segment, e.Rate, was)
	}
	r.rates[e.Track] = e.Rate
	o.next = e.Start + e.Duration
	o.row++
	o.stopped = e.Gap() && e.Duration > 0
	o.chunks, o.bytes, o.sum = 0, 0, 0
	r.next = max(r.next, e.Segment+1)
	r.ends = append(r.ends, e)
	return r.fail
}

// checkAnchor checks what anchors promise of a row: its wall clock is near, and presentation goes on.
func (r *recorder) checkAnchor(run media.Run, e media.SegmentEnd) {
	r.t.Helper()
	a, ok := r.anchors[e.Segment]
	if ok && a != e.Anchor || e.Track == run.Tracks[0].Name && !ok {
		r.t.Fatalf("end of %s %d has anchor %+v, its row %+v", e.Track, e.Segment, e.Anchor, a)
	}
	if e.Track != run.Tracks[0].Name {
		return
	}
	start := e.Start.Time(e.Timescale)
	if a.Segment < run.First || a.Segment > e.Segment || a.Segment == run.First && !a.Start.Equal(run.Start) ||
		a.Segment == e.Segment && !a.Start.Equal(start) || a.Shift%time.Millisecond != 0 {
		r.t.Fatalf("row %d at %v, of a run from %d, %v on, has anchor %+v", e.Segment, start, run.First, run.Start, a)
	}
	shown := start.Add(a.Shift)
	if !shown.After(r.shown) {
		r.t.Fatalf("row %d is shown at %v, the one before at %v", e.Segment, shown, r.shown)
	}
	r.shown = shown
	if off := e.Wall.Sub(shown); off.Abs() > 200*time.Millisecond {
		r.t.Fatalf("row %d: the wall clock is off by %v from where it is shown", e.Segment, off)
	}
}

func decodeChunk(t failer, c media.Chunk) []outSample {
	t.Helper()
	f, err := mp4.DecodeFileSR(bits.NewFixedSliceReader(c.Data))
	if err != nil {
		t.Fatalf("decode chunk %s %d.%d: %v", c.Track, c.Segment, c.Index, err)
	}
	if len(f.Segments) != 1 || len(f.Segments[0].Fragments) != 1 {
		t.Fatalf("chunk %s %d.%d is not one fragment", c.Track, c.Segment, c.Index)
	}
	if (f.Segments[0].Styp != nil) != (c.Index == 0) {
		t.Fatalf("chunk %s %d.%d: styp only in the first of a segment", c.Track, c.Segment, c.Index)
	}
	full, err := f.Segments[0].Fragments[0].GetFullSamples(nil)
	if err != nil || len(full) == 0 {
		t.Fatalf("samples of chunk %s %d.%d: %d, %v", c.Track, c.Segment, c.Index, len(full), err)
	}
	out := make([]outSample, len(full))
	for i, s := range full {
		out[i] = outSample{
			track: c.Track, dts: media.Ticks(s.DecodeTime), pts: media.Ticks(s.DecodeTime) + media.Ticks(s.CompositionTimeOffset),
			duration: media.Ticks(s.Dur), scale: c.Timescale, sync: s.IsSync(), data: s.Data,
		}
	}
	return out
}

// checkChunks tells whether chunks keep to their track's Part: none is longer unless it is one sample, none but a segment's last is
// shorter than 85 % unless the sample that follows, or was to be expected, would have made it too long.
func checkChunks(r *recorder, target time.Duration) error {
	last := map[string]media.Chunk{}
	frame := map[string]media.Ticks{} // how long the last sample was: another one like it was expected
	for _, c := range r.chunks {
		run := r.runs[c.Run-r.runs[0].ID]
		track, _ := run.Track(c.Track)
		part := track.Part
		if part <= 0 || part%time.Millisecond != 0 {
			return fmt.Errorf("run %d: track %s has chunks of %v, the target is %v", run.ID, c.Track, part, target)
		}
		d := c.Duration.Duration(c.Timescale)
		samples := decodeChunk(r.t, c)
		if d > part && len(samples) > 1 {
			return fmt.Errorf("chunk %s %d.%d of %d samples lasts %v, more than %v", c.Track, c.Segment, c.Index, len(samples), d, part)
		}
		prev, ok := last[c.Track]
		last[c.Track] = c
		expected := frame[c.Track]
		frame[c.Track] = samples[len(samples)-1].duration
		if !ok || prev.Segment != c.Segment {
			continue
		}
		before := prev.Duration.Duration(prev.Timescale)
		if before >= part*85/100 {
			continue
		}
		if next := max(samples[0].duration, expected).Duration(c.Timescale); before+next <= part {
			return fmt.Errorf("chunk %s %d.%d lasts %v, the next sample of %v would have fitted into %v", c.Track, prev.Segment,
				prev.Index, before, next, part)
		}
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
