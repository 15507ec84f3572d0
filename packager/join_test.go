package packager

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// tape is an Output that keeps what comes.
type tape struct {
	runs   []media.Run
	inits  map[string]media.Init
	target time.Duration
	chunks []media.Chunk
	ends   []media.SegmentEnd
}

func (r *tape) Run(run media.Run, inits []media.Init) error {
	r.runs = append(r.runs, run)
	for _, in := range inits {
		r.inits[in.Track] = in
	}
	return nil
}
func (r *tape) Target(d time.Duration) error { r.target = d; return nil }
func (r *tape) Chunk(c media.Chunk) error    { r.chunks = append(r.chunks, c); return nil }
func (r *tape) End(e media.SegmentEnd) error { r.ends = append(r.ends, e); return nil }
func (r *tape) Signal(media.Signal) error    { return nil }
func (r *tape) resume(j *Join) Resume        { return Resume{Target: r.target, Init: r.inits, Join: j} }

func (r *tape) end(track string, row uint64) int {
	return at(r.ends, func(e *media.SegmentEnd) bool { return e.Track == track && e.Segment == row })
}

// at is the last place of what matches, or -1.
func at[T any](all []T, match func(*T) bool) int {
	for i := len(all) - 1; i >= 0; i-- {
		if match(&all[i]) {
			return i
		}
	}
	return -1
}

// join is how a run is gone on with at a row; nil where it cannot be.
func (r *tape) join(run *media.Run, row uint64) *Join {
	j := &Join{Run: *run}
	for _, t := range run.Tracks {
		i := r.end(t.Name, row-1)
		if row == run.First || i < 0 || r.ends[i].Gap() && t.Kind != media.Text {
			return nil
		}
		if i := r.end(t.Name, row); t.Kind != media.Text && r.ends[i].Gap() { // what the feed has of the track ends with the row before
			return nil
		}
		j.Ends = append(j.Ends, r.ends[i])
		decoded := media.Ticks(0)
		if c := at(r.chunks, func(c *media.Chunk) bool { return c.Track == t.Name && c.Segment == row-1 }); c >= 0 {
			decoded = r.chunks[c].Start + r.chunks[c].Duration
		}
		j.Decoded = append(j.Decoded, decoded)
	}
	return j
}

// differs tells what another packager has made otherwise in a run from a row on; "" for nothing.
func (r *tape) differs(o *tape, run *media.Run, row uint64) string {
	for _, t := range run.Tracks {
		mine, others := r.of(run.ID, t.Name, row), o.of(run.ID, t.Name, row)
		for i := range min(len(mine), len(others)) {
			a, b := mine[i], others[i]
			a.Wall, a.Anchor, b.Wall, b.Anchor = time.Time{}, media.Anchor{}, time.Time{}, media.Anchor{}
			if same := bytes.Equal(a.Data, b.Data); !same || fmt.Sprint(a) != fmt.Sprint(b) {
				a.Data, b.Data = nil, nil
				return fmt.Sprintf("chunk %d of %s: %+v, %+v, equal bytes: %v", i, t.Name, a, b, same)
			}
		}
		if len(mine) != len(others) {
			return fmt.Sprintf("%d chunks of %s, %d", len(mine), t.Name, len(others))
		}
	}
	ends := func(r *tape) (out []media.SegmentEnd) {
		for _, t := range run.Tracks {
			for _, e := range r.ends {
				if e.Run == run.ID && e.Segment >= row && e.Track == t.Name {
					e.Wall, e.Anchor, e.Rate = time.Time{}, media.Anchor{}, media.Rate{}
					out = append(out, e)
				}
			}
		}
		return out
	}
	if a, b := ends(r), ends(o); fmt.Sprint(a) != fmt.Sprint(b) {
		return fmt.Sprintf("ends:\n%+v\n%+v", a, b)
	}
	return ""
}

// of are the chunks of a track in a run from a row on.
func (r *tape) of(run uint64, track string, row uint64) (out []media.Chunk) {
	for _, c := range r.chunks {
		if c.Run == run && c.Track == track && c.Segment >= row {
			out = append(out, c)
		}
	}
	return out
}

// play gives a packager what of a feed arrives from a time on.
func (y *synth) play(cfg Config, resume Resume, from time.Duration, told []toldEvent) (*tape, error) {
	r := &tape{inits: map[string]media.Init{}, target: resume.Target}
	p, err := New(cfg, resume, r)
	if err != nil {
		return nil, err
	}
	now := epoch.Add(from)
	if err := p.Start(y.formats, now); err != nil {
		return nil, err
	}
	for _, e := range y.events {
		if e.arrival < from {
			continue
		}
		now = epoch.Add(e.arrival)
		for ; len(told) > 0 && told[0].at <= e.arrival; told = told[1:] {
			if told[0].at < from {
				continue
			}
			if err := p.Event(told[0].e, now); err != nil {
				return r, err
			}
		}
		if err := p.Write(e.s, now); err != nil {
			return r, err
		}
	}
	return r, p.Flush(now)
}

// drawEvents makes events of a feed: messages, and splices that are told some time before.
func drawEvents(t *rapid.T, y *synth, length time.Duration) (told []toldEvent) {
	for i := range rapid.IntRange(0, 6).Draw(t, "events") {
		at := time.Duration(rapid.IntRange(1000, int(length/time.Millisecond)).Draw(t, "at")) * time.Millisecond
		e := media.Event{
			Scheme: media.SchemeID3, ID: uint32(i + 1), Clock: y.formats[0].Clock,
			PTS: media.FromDuration(y.base+at, y.formats[0].Clock.Timescale), Duration: -1, Data: id(9, i, 20),
		}
		if wrap := e.Clock.Wrap; wrap > 0 {
			e.PTS %= wrap
		}
		before := time.Duration(rapid.SampledFrom([]int{200, 250}).Draw(t, "before")) * time.Millisecond
		if rapid.IntRange(0, 3).Draw(t, "splice") == 0 {
			e.Scheme, e.Splices = media.SchemeSCTE35, []media.Splice{{Kind: media.SpliceOut, ID: uint32(i)}}
			before = 250 * time.Millisecond
		}
		told = append(told, toldEvent{max(0, at-before), e})
	}
	slices.SortFunc(told, func(a, b toldEvent) int { return int(a.at - b.at) })
	return told
}

// drawShared makes a feed that two may get.
func drawShared(t *rapid.T) (y *synth, length time.Duration, waits bool) {
	scale := rapid.SampledFrom([]uint32{1000, 48000, 90000, 1_000_000}).Draw(t, "scale")
	wrap := media.Ticks(rapid.SampledFrom([]int64{0, 1 << 32, 1 << 33}).Draw(t, "wrap"))
	y = &synth{base: time.Duration(rapid.IntRange(0, 100_000).Draw(t, "base")) * time.Millisecond}
	if wrap > 0 {
		y.base = wrap.Duration(scale) - time.Duration(rapid.IntRange(-10, 20).Draw(t, "beforeWrap"))*sec
	}
	length = time.Duration(rapid.IntRange(8, 20).Draw(t, "length")) * sec
	fps := rapid.SampledFrom([]media.Fraction{fps25, fps2997, {Num: 24000, Den: 1001}, {Num: 50, Den: 1}, {Num: 60000, Den: 1001}, {Num: 10, Den: 1}}).Draw(t, "fps")
	gop := rapid.IntRange(10, 130).Draw(t, "gop")
	videos, reorder := rapid.IntRange(0, 3).Draw(t, "videos"), rapid.Bool().Draw(t, "reorder")
	for i := range videos {
		y.formats = append(y.formats, avcFormat(scale, wrap))
		y.video(i, 0, length, fps, gop, reorder)
		y.delay(i, time.Duration(rapid.IntRange(0, 300).Draw(t, "skew"))*time.Millisecond)
	}
	if videos == 0 || rapid.IntRange(0, 4).Draw(t, "audio") > 0 {
		rate := rapid.SampledFrom([]int{48000, 44100}).Draw(t, "rate")
		y.formats = append(y.formats, aacFormat(rate, scale, wrap))
		late := time.Duration(0)
		if videos > 0 {
			late = time.Duration(rapid.SampledFrom([]int{0, 0, 7, 400, 3000}).Draw(t, "late")) * time.Millisecond
		}
		waits = late > 0
		y.audio(videos, late, length, rate)
		y.delay(videos, time.Duration(rapid.IntRange(0, 500).Draw(t, "skew"))*time.Millisecond)
	}
	if rapid.Bool().Draw(t, "text") {
		track := len(y.formats)
		y.formats = append(y.formats, media.Format{Codec: media.WVTT, Clock: media.Clock{Timescale: scale, Wrap: wrap}, Language: "en"})
		for d := time.Duration(0); d < length; d += 700 * time.Millisecond {
			y.add(track, d, d, d+510*time.Millisecond, true, 30)
			y.events[len(y.events)-1].s.Duration = media.FromDuration(500*time.Millisecond, scale)
		}
	}
	y.sorted() // behind the first of the media, as nobody can place it before
	return y, length, waits
}

// Whoever goes on with a run at any row makes the very chunks that its writer makes.
func TestJoinedRunsAreTheSame(t *testing.T) {
	t.Parallel()
	joined := 0
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{Segment: time.Duration(rapid.SampledFrom([]int{1000, 2000, 4000}).Draw(t, "segment")) * time.Millisecond}
		cfg.Chunk = time.Duration(rapid.SampledFrom([]int{0, 100, 200, 500}).Draw(t, "chunk")) * time.Millisecond
		y, length, waits := drawShared(t)
		var told []toldEvent
		if !waits { // else messages go with whatever chunk is made when the wait ends
			told = drawEvents(t, y, length)
		}
		writer, err := y.play(cfg, Resume{Segment: 41}, 0, told)
		if err != nil {
			t.Fatalf("writer: %v", err)
		}
		for i := range writer.runs {
			run := &writer.runs[i]
			step := rapid.Uint64Range(1, 4).Draw(t, "step")
			for row := run.First + step; ; row += step {
				if writer.end(run.Lead().Name, row) < 0 || writer.ends[writer.end(run.Lead().Name, row)].Run != run.ID {
					break
				}
				j := writer.join(run, row)
				if j == nil {
					continue
				}
				back := time.Duration(rapid.IntRange(0, 4000).Draw(t, "back"))*time.Millisecond + 2*cfg.Segment
				from := max(0, j.at(0).Time(run.Tracks[0].Timescale).Sub(epoch)-back)
				other, err := y.play(cfg, writer.resume(j), from, told)
				if err != nil {
					t.Fatalf("run %d, row %d, from %v on: %v", run.ID, row, from, err)
				}
				if d := writer.differs(other, run, row); d != "" {
					t.Fatalf("%+v\nrun %d from row %d of %d on, samples from %v on: %s", run, run.ID, row, run.First, from, d)
				}
				joined++
			}
		}
	})
	if joined == 0 {
		t.Error("nothing was joined")
	}
}
