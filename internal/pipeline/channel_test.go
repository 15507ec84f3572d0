package pipeline

import (
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"time"

	"weir/edge/window"
	"weir/internal/media"
	"weir/packager"
)

var (
	epoch = time.Date(2026, 8, 1, 12, 0, 0, 123_456_789, time.UTC)
	quiet = slog.New(slog.NewTextHandler(io.Discard, nil))
)

// channel is a packager and a window, one behind the other, and a viewer. It is the packager's output.
type channel struct {
	t      failer
	cfg    packager.Config
	set    window.Settings
	p      *packager.Packager
	win    *window.Window
	view   *viewer
	now    time.Time
	shown  uint64
	random *rand.Rand      // decides when the viewer asks in mid-row
	resume packager.Resume // what the newest packager leaves
	late   uint64          // frames, of all packagers before this one
}

func newChannel(t failer, seed uint64, cfg packager.Config, dvr time.Duration) *channel {
	t.Helper()
	c := &channel{t: t, cfg: cfg, now: epoch, resume: packager.Resume{Init: map[string]media.Init{}, Rates: map[string]media.Rate{}}}
	c.set = window.Settings{Channel: "news", Title: "News <&>", Segment: cfg.Segment, DVR: dvr}
	c.win = window.New(c.set, c.clock, quiet)
	c.view = newViewer(t, c.win)
	c.random = rand.New(rand.NewPCG(seed, 2))
	return c
}

// clock is the time; no clock reads the same twice.
func (c *channel) clock() time.Time {
	c.now = c.now.Add(time.Nanosecond)
	return c.now
}

// pass lets the time go on to at.
func (c *channel) pass(at time.Time) {
	if at.After(c.now) {
		c.now = at
	}
}

// connect begins a feed, with a packager of its own that goes on from what the one before left.
func (c *channel) connect(formats []media.Format) {
	c.t.Helper()
	resume := c.resume
	resume.Init, resume.Rates = map[string]media.Init{}, maps.Clone(c.resume.Rates)
	for name, in := range c.resume.Init {
		resume.Init[name] = in
	}
	p, err := packager.New(c.cfg, resume, c)
	if err != nil {
		c.t.Fatalf("new packager: %v", err)
	}
	c.p = p
	c.start(formats)
}

func (c *channel) start(formats []media.Format) {
	c.t.Helper()
	if err := c.p.Start(formats, c.now); err != nil {
		c.t.Fatalf("start: %v", err)
	}
}

func (c *channel) write(s media.Sample) {
	c.t.Helper()
	if err := c.p.Write(s, c.now); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *channel) disconnect() {
	c.t.Helper()
	if err := c.p.Flush(c.now); err != nil {
		c.t.Fatalf("flush: %v", err)
	}
	c.judge()
	c.late = c.view.late
}

// rewind sets how far back a player can go.
func (c *channel) rewind(dvr time.Duration) {
	c.t.Helper()
	c.set.DVR = dvr
	c.set.Revision++
	c.win.Set(c.set)
	c.look()
}

// cut sets how long segments should last, for the next feed.
func (c *channel) cut(segment time.Duration) {
	c.t.Helper()
	c.cfg.Segment, c.set.Segment = segment, segment
	c.cfg.Chunk = min(c.cfg.Chunk, segment)
	c.set.Revision++
	c.win.Set(c.set)
	c.look()
}

// expire ends what is too old; then the target duration is fixed anew.
func (c *channel) expire() {
	c.t.Helper()
	if c.win.Expire(c.now) {
		c.resume.Target = 0
	}
	c.look()
}

// look shows the window to the viewer if its listing has changed, and now and then if it has not.
func (c *channel) look() {
	c.t.Helper()
	if v := c.win.Snapshot().Version; v.Listing != c.shown {
		c.shown = v.Listing
		c.view.see(c.now)
	}
	if c.random.IntN(15) == 0 {
		c.judge()
		c.view.poll()
	}
}

// judge tells the viewer whether the packager has cut chunks that it would rather not have, and how many frames came too late for it.
func (c *channel) judge() {
	if c.p != nil {
		s := c.p.Stats()
		c.view.uneven = c.view.uneven || s.ShortChunks+s.LongChunks > 0
		c.view.late = c.late + s.LateFrames
	}
}

// Run implements packager.Output.
func (c *channel) Run(run media.Run, inits []media.Init) error {
	c.resume.Run = run.ID + 1
	for _, in := range inits {
		c.resume.Init[in.Track] = in
	}
	c.win.Run(run, inits)
	c.look()
	return nil
}

// Target implements packager.Output.
func (c *channel) Target(d time.Duration) error {
	c.resume.Target = d
	c.win.Target(d)
	c.look()
	return nil
}

// Chunk implements packager.Output.
func (c *channel) Chunk(chunk media.Chunk) error {
	c.resume.Segment = max(c.resume.Segment, chunk.Segment+1)
	c.win.Chunk(chunk)
	c.look()
	return nil
}

// End implements packager.Output.
func (c *channel) End(e media.SegmentEnd) error {
	c.resume.Segment = max(c.resume.Segment, e.Segment+1)
	if end := (e.Start + e.Duration).Time(e.Timescale); end.After(c.resume.End) {
		c.resume.End, c.resume.Shift = end, e.Anchor.Shift
	}
	if e.Rate != (media.Rate{}) {
		c.resume.Rates[e.Track] = e.Rate
	}
	c.win.End(e)
	c.look()
	return nil
}

// Signal implements packager.Output.
func (c *channel) Signal(s media.Signal) error {
	c.win.Signal(s)
	return nil
}

// finish checks what holds in the end: nothing was lost on the way, and no bytes were touched.
func (c *channel) finish() {
	c.t.Helper()
	s := c.win.Stats()
	if s.Damaged+s.Lost+s.Late+s.Duplicates+s.Refused+s.Restarts > 0 || s.OpenRows > 0 {
		c.t.Fatalf("the window has lost or refused something: %+v", s)
	}
	if c.resume.Segment != c.view.newest && c.resume.Segment > 0 {
		c.t.Fatalf("the packager ended at %d, the last that was listed is %d", c.resume.Segment, c.view.newest)
	}
	c.view.finish()
}
