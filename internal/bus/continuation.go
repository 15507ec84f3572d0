package bus

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"time"

	"weir/internal/media"
)

// ErrDiffers says that what was made of a feed is not what its predecessor has stored in the same place: the feed is another one.
var ErrDiffers = errors.New("the feed is not the one that the run was made of")

// maxTried bounds what is held before it is known whether the feed is the same: bytes of chunks.
const maxTried = 96 << 20

// Continuation is a run that a predecessor has left, and that a writer may go on with. What is made of the feed from the row behind Ends on is
// put into it: it is held until all has come that the predecessor has stored from there on, and is the same. What is stored is not sent again.
// One goroutine at a time may use it.
type Continuation struct {
	Run     media.Run
	Ends    []media.SegmentEnd // of the row before the one to begin with, beside Run.Tracks
	Decoded []media.Ticks      // where the last chunk of each of these ends in decoding
	Wall    time.Time          // of the row to begin with, where there are chunks of it
	Anchor  media.Anchor       // the same

	writer *Writer
	log    *slog.Logger
	first  uint64 // the first row that is open
	places map[uint64]told
	anchor media.Anchor // the newest
	ends   map[segmentKey]*keptEnd
	chunks map[chunkKey]*keptChunk
	told   map[string]media.Signal

	signalsAt uint64 // segment of the newest signal's subject
	signals   int    // how many there are

	missing int // of what is stored, that has not come
	tried   []func() error
	bytes   int
	failed  error
}

// Met tells whether all has come that the predecessor had stored: from now on everything is sent at once.
func (c *Continuation) Met() bool { return c.missing == 0 && c.failed == nil }

// differ makes it final that the feed is another.
func (c *Continuation) differ(format string, args ...any) error {
	if c.failed == nil {
		c.failed = fmt.Errorf("channel %s: %s: %w", c.writer.channel, fmt.Sprintf(format, args...), ErrDiffers)
	}
	return c.failed
}

// pass sends what is to be sent, now or when it may be.
func (c *Continuation) pass(send func() error, bytes int) error {
	if c.failed != nil {
		return c.failed
	}
	if c.Met() && len(c.tried) == 0 {
		return send()
	}
	if c.bytes += bytes; c.bytes > maxTried {
		return c.differ("%d bytes, and not what is stored", c.bytes)
	}
	c.tried = append(c.tried, send)
	return nil
}

// met counts what has come of what is stored; with the last of it all that is held is sent.
func (c *Continuation) met() error {
	if c.missing--; c.missing > 0 {
		return nil
	}
	c.log.Info("bus: goes on with the run of the writer before", "run", c.Run.ID, "row", c.first, "held", len(c.tried), "bytes", c.bytes)
	tried := c.tried
	c.tried, c.bytes = nil, 0
	for _, send := range tried {
		if err := send(); err != nil {
			return err
		}
	}
	return nil
}

// Begin announces the next run, which cannot be before this one has been gone on with.
func (c *Continuation) Begin(run media.Run, inits []media.Init) error {
	if c.failed == nil && !c.Met() {
		return c.differ("another run begins")
	}
	return c.pass(func() error { return c.writer.Run(run, inits) }, 0)
}

// Target is that of the Writer.
func (c *Continuation) Target(d time.Duration) error {
	return c.pass(func() error { return c.writer.Target(d) }, 0)
}

// Chunk takes a chunk. The error is ErrDiffers where another is stored in its place.
func (c *Continuation) Chunk(ch media.Chunk) error {
	if ch.Run != c.Run.ID {
		return c.pass(func() error { return c.writer.Chunk(ch) }, len(ch.Data))
	}
	if c.failed != nil {
		return c.failed
	}
	if ch.Segment < c.first {
		return nil
	}
	ch.Wall, ch.Anchor = c.at(ch.Segment, ch.Wall, ch.Anchor)
	key := chunkKey{segmentKey{ch.Track, ch.Segment}, ch.Index}
	k, stored := c.chunks[key]
	if !stored {
		return c.pass(func() error { return c.writer.Chunk(ch) }, len(ch.Data))
	}
	if k.bytes != len(ch.Data) || k.sum != crc32.Checksum(ch.Data, castagnoli) || k.Start != ch.Start || k.Duration != ch.Duration || k.Init != ch.Init {
		return c.differ("chunk %d of row %d of track %s", ch.Index, ch.Segment, ch.Track)
	}
	delete(c.chunks, key)
	return c.met()
}

// End takes the end of a segment. The error is ErrDiffers where another is stored in its place.
func (c *Continuation) End(e media.SegmentEnd) error {
	if e.Run != c.Run.ID {
		return c.pass(func() error { return c.writer.End(e) }, 0)
	}
	if c.failed != nil {
		return c.failed
	}
	e.Wall, e.Anchor = c.at(e.Segment, e.Wall, e.Anchor)
	key := segmentKey{e.Track, e.Segment}
	k, stored := c.ends[key]
	if !stored {
		if e.Segment < c.first {
			return nil
		}
		return c.pass(func() error { return c.writer.End(e) }, 0)
	}
	if k.Start != e.Start || k.Duration != e.Duration || k.Chunks != e.Chunks || k.Bytes != e.Bytes || k.Checksum != e.Checksum || k.Init != e.Init {
		return c.differ("end of row %d of track %s", e.Segment, e.Track)
	}
	delete(c.ends, key)
	return c.met()
}

// Signal takes a signal, unless it was told.
func (c *Continuation) Signal(s media.Signal) error {
	if before, ok := c.told[s.ID]; ok {
		if fmt.Sprint(undated(before)) == fmt.Sprint(undated(s)) {
			return nil
		}
		s.Date = before.Date // it does not change
	}
	return c.pass(func() error { return c.writer.Signal(s) }, len(s.Out)+len(s.In)+len(s.Command))
}

// undated is a signal as all make it of the same feed.
func undated(s media.Signal) media.Signal {
	s.Date, s.Start = time.Time{}, s.Start.UTC()
	return s
}

// at is what a chunk says of the wall clock: what others of its row have said, and no anchor older than that of the row before.
func (c *Continuation) at(row uint64, wall time.Time, anchor media.Anchor) (time.Time, media.Anchor) {
	if p, ok := c.places[row]; ok {
		return p.wall, p.anchor
	}
	if anchor.Segment < c.anchor.Segment {
		anchor = c.anchor
	}
	return wall, anchor
}

// Continuation is the run that the writer may go on with, nil for none.
func (w *Writer) Continuation() *Continuation { return w.continuation }

// goesOn tells whether the newest run is one that a predecessor began. w.mu is held.
func (w *Writer) goesOn() bool { return w.continuation != nil && w.run == w.continuation.Run.ID }

// Break closes what the predecessor has left open, in place of going on with it: Resume tells then what another run goes on from. Nothing may have
// been sent before.
func (w *Writer) Break(ctx context.Context) error {
	if w.continuation == nil {
		return nil
	}
	if err := w.usable(); err != nil {
		return err
	}
	t := w.takeover
	err := t.closeLast(ctx)
	w.bus.tap.pass(w.channel)
	if err == nil {
		err = w.bus.putState(ctx, w.channel, t.state())
	}
	if err != nil {
		return fmt.Errorf("channel %s: close what was left open: %w", w.channel, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.continuation, w.resume, w.state = nil, t.resume, t.state()
	w.run, w.signalsAt, w.signals = 0, 0, 0
	return nil
}
