package ladder

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"weir/ingest"
	"weir/internal/catalog"
	"weir/internal/media"
)

const (
	// A child that has ended is replaced after so long, twice as long each time, up to the longest, until one has lasted.
	firstPause   = time.Second
	longestPause = 30 * time.Second
	lasting      = time.Minute
)

var (
	errJumped  = errors.New("the feed's clock jumped")
	errChanged = errors.New("the feed's pictures have another format")
	errStalled = errors.New("ffmpeg took pictures and gave none")
	errNoRung  = errors.New("no rung of the ladder is lower than the feed's own pictures")
)

// feed is a feed of a channel with a ladder: that of the server, whose pictures go to a child too.
type feed struct {
	ingest.Feed
	ladders *Ladders
	publish ingest.Publish
	channel catalog.Channel
	log     *slog.Logger
	since   time.Time
	video   int // of the feed's tracks; -1: it has no pictures. Start and Write own it

	mu      sync.Mutex // guards what follows
	closed  bool
	format  media.Format // of the pictures
	header  []byte       // that a child gets first
	clock   clock
	wanted  []catalog.Rung // those that can be made of the pictures
	claimed bool           // a place for a child
	rungs   []*rung        // that are open and wait for a child
	child   *child
	pause   time.Duration // before the next child
	next    time.Time     // when to try again

	restarts                   uint64
	droppedGOPs, droppedFrames uint64 // by children that have ended
	problem                    string
	problemAt                  time.Time
	failed                     bool // problem is what kept a child from being started
	words                      []string
}

// Start is that of the server's feed. The rungs' feeds are opened before, so that the channel waits for them a moment.
func (f *feed) Start(formats []media.Format) error {
	f.announce(formats)
	return f.Feed.Start(formats)
}

// Write is that of the server's feed.
func (f *feed) Write(s media.Sample) error {
	if err := f.Feed.Write(s); err != nil {
		return err
	}
	if s.Track == f.video {
		f.tee(s)
	}
	return nil
}

// Close is that of the server's feed. The child gives what it has before.
func (f *feed) Close(reason error) {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	f.closed = true
	c, rungs, claimed := f.child, f.rungs, f.claimed
	f.mu.Unlock()
	if c != nil {
		c.finish(f.ladders.cfg.Drain)
	}
	closeRungs(rungs, reason)
	f.Feed.Close(reason)
	if claimed {
		f.ladders.giveBack()
	}
	f.ladders.forget(f)
}

// claim takes a place for a child, where the feed has none, and sees whether there can be one.
func (f *feed) claim() error {
	if err := f.ladders.missing(); err != nil {
		return err
	}
	if f.claimed {
		return nil
	}
	if err := f.ladders.take(); err != nil {
		return err
	}
	f.claimed = true
	return nil
}

// announce looks at what the feed consists of.
func (f *feed) announce(formats []media.Format) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.format
	f.video, f.format = -1, media.Format{}
	for i, format := range formats {
		if format.Codec.Kind() == media.Video {
			f.video, f.format = i, format
			break
		}
	}
	if f.closed || f.format.Equal(before) {
		return
	}
	now := f.ladders.cfg.Now()
	if f.child != nil {
		f.child.kill(errChanged)
	}
	closeRungs(f.rungs, errChanged)
	f.rungs, f.wanted, f.clock = nil, nil, clock{Clock: f.format.Clock}
	if f.video < 0 {
		return
	}
	if err := f.measure(); err != nil {
		f.fail(err, now)
		return
	}
	if f.child == nil {
		if err := f.prepare(); err != nil {
			f.fail(err, now)
		}
	}
}

// prepare opens the rungs' feeds for the next child.
func (f *feed) prepare() error {
	if err := f.claim(); err != nil {
		return err
	}
	if f.rungs != nil {
		return nil
	}
	var err error
	f.rungs, err = openRungs(f.ladders.cfg.Ingest, f.publish, f.wanted)
	return err
}

// tee gives a picture to the child, and has an eye on that.
func (f *feed) tee(s media.Sample) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.wanted) == 0 {
		return
	}
	now := f.ladders.cfg.Now()
	at, jumped := f.clock.unroll(s.PTS)
	if c := f.child; c != nil {
		select {
		case <-c.ended:
			f.bury(c, now)
		default:
			switch {
			case c.isTold():
			case jumped:
				c.kill(errJumped)
			case c.stalled(now, f.ladders.cfg.Stall):
				c.kill(errStalled)
			default:
				if c.give(picture{pts: f.clock.toChild(at), sync: s.Sync, data: s.Data}, now) {
					f.problem, f.problemAt = tooSlow, now
				}
			}
			return
		}
	}
	if !s.Sync || now.Before(f.next) {
		return
	}
	f.clock.base = at
	if err := f.raise(now); err != nil {
		f.fail(err, now)
		return
	}
	f.child.give(picture{pts: origin, sync: true, data: s.Data}, now)
}

// raise starts a child whose first picture comes next.
func (f *feed) raise(now time.Time) error {
	if err := f.prepare(); err != nil {
		return err
	}
	cfg := &f.ladders.cfg
	p := plan{
		program: cfg.FFmpeg, speed: cfg.Speed, nice: cfg.Nice, header: f.header, clock: f.clock, language: f.format.Language, rungs: f.rungs, now: now,
		rotation: f.format.Rotation,
	}
	if !f.channel.Ladder.KeepsSource() {
		p.segment = f.channel.Segment
	}
	c, err := startChild(p)
	if err != nil {
		return err
	}
	f.child, f.rungs = c, nil
	if f.failed {
		f.failed, f.problem, f.problemAt = false, "", time.Time{}
	}
	f.log.Info("ffmpeg makes the ladder", "pid", c.pid(), "rungs", len(c.rungs))
	return nil
}

// bury takes note of a child that has ended.
func (f *feed) bury(c *child, now time.Time) {
	why := c.why()
	gops, frames := c.queue.dropped()
	f.droppedGOPs += gops
	f.droppedFrames += frames
	f.child, f.words = nil, c.words.lines()
	f.restarts++
	f.problem, f.problemAt, f.failed = why.Error(), now, false
	f.log.Warn("ffmpeg, which makes the ladder, has ended, and is started again", "reason", why, "words", f.words, "pid", c.pid())
	if errors.Is(why, errJumped) || errors.Is(why, errChanged) {
		return
	}
	if now.Sub(c.since) >= lasting {
		f.pause = 0
	}
	f.wait(now)
}

// fail takes note of what keeps a child from being started.
func (f *feed) fail(err error, now time.Time) {
	if f.problem != err.Error() {
		f.log.Error("the ladder cannot be made", "err", err)
	}
	f.problem, f.problemAt, f.failed = err.Error(), now, true
	f.wait(now)
}

func (f *feed) wait(now time.Time) {
	f.pause = min(max(2*f.pause, firstPause), longestPause)
	f.next = now.Add(f.pause)
}
