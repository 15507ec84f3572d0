package bus

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"weir/internal/media"
)

const (
	maxLeft      = 1 << 13  // messages that a predecessor may have left in rows that are open
	maxLeftBytes = 96 << 20 // of them
	// leftMargin is how many messages before the last chunk of the row before those of open rows may lie: what was sent again came later.
	leftMargin = 256
)

// leave finds out what of the newest run can be gone on with, and closes nothing then. nil: nothing can, and the run's rows are closed.
func (t *takeover) leave(ctx context.Context, epoch uint64) (*Continuation, error) {
	if err := t.read(ctx, epoch); err != nil {
		return nil, err
	}
	left, err := t.open(ctx)
	if err = notThere(err); errors.Is(err, ErrNotFound) {
		t.log.Info("bus: the newest run is not gone on with", "reason", err)
		left, err = nil, t.closeLast(ctx)
	}
	if err != nil {
		return nil, err
	}
	return left, t.bus.putState(ctx, t.channel, t.state())
}

// open reads the newest run, what there is of its open rows, and the ends of the row before them. The error is ErrNotFound or ErrMalformed, with
// what is missing, where that cannot be gone on with.
func (t *takeover) open(ctx context.Context) (*Continuation, error) {
	newest, err := t.bus.lastMessage(ctx, t.channel, subjectRoot+t.channel+".>")
	if err != nil {
		return nil, err
	}
	t.epoch = max(t.epoch, newest.Epoch+1)
	if t.resume.Run != newest.Run+1 {
		return nil, fmt.Errorf("%w: a run that nothing is stored of", ErrNotFound)
	}
	run, _, err := t.bus.run(ctx, t.channel, newest.Run)
	if err != nil {
		return nil, err
	}
	c := &Continuation{Run: run, log: t.log, places: map[uint64]told{}, ends: map[segmentKey]*keptEnd{}, chunks: map[chunkKey]*keptChunk{}, told: map[string]media.Signal{}}
	reader := closing{bus: t.bus, channel: t.channel, run: run}
	last := uint64(0)
	for i, track := range run.Tracks {
		tail, err := reader.tail(ctx, track.Name)
		if err != nil {
			return nil, err
		}
		if tail.end == nil {
			return nil, fmt.Errorf("%w: track %s has no row of the run", ErrNotFound, track.Name)
		}
		if n := tail.end.Segment + 1; i == 0 || n < c.first {
			c.first = n
		}
		last = max(last, tail.newest)
	}
	row := c.first
	if last < row { // nothing of the next row is there to tell whether it is the same feed: the row before does
		row--
	}
	if row <= run.First {
		return nil, fmt.Errorf("%w: the run's first row", ErrNotFound)
	}
	from, err := t.before(ctx, c, row-1)
	if err != nil {
		return nil, err
	}
	if row < c.first {
		for _, track := range run.Tracks {
			e, _, err := t.end(ctx, track.Name, row)
			if err != nil {
				return nil, err
			}
			c.expectEnd(e)
		}
	}
	if err := t.collect(ctx, c, from); err != nil {
		return nil, err
	}
	if p, ok := c.places[row]; ok {
		c.Wall, c.Anchor = p.wall, p.anchor
	}
	t.resume.Segment = max(t.resume.Segment, last+1)
	return c, nil
}

// end is a stored end, and its place in the stream.
func (t *takeover) end(ctx context.Context, track string, row uint64) (media.SegmentEnd, uint64, error) {
	a := address{Track: track, Segment: row, End: true}
	m, seq, err := t.message(ctx, a)
	return m.end(), seq, err
}

// message is a stored message, and its place in the stream.
func (t *takeover) message(ctx context.Context, a address) (message, uint64, error) {
	s, err := t.bus.last(ctx, streamName(t.channel), a.subject(t.channel))
	if err != nil {
		return message{}, 0, fmt.Errorf("row %d of track %s: %w", a.Segment, a.Track, err)
	}
	m, err := decodeMessage(t.channel, s.Subject, s.Header.Get(headerName), s.Data)
	return m, s.Seq, err
}

// before reads how the row before the one to go on with ends. It gives a place in the stream behind which all is that belongs to later rows.
func (t *takeover) before(ctx context.Context, c *Continuation, row uint64) (from uint64, err error) {
	for i, track := range c.Run.Tracks {
		e, seq, err := t.end(ctx, track.Name, row)
		if err != nil {
			return 0, err
		}
		decoded := media.Ticks(0)
		if e.Chunks > 0 {
			a := address{Track: track.Name, Segment: row, Chunk: e.Chunks - 1, Part: -1}
			var m message
			if m, seq, err = t.message(ctx, a); errors.Is(err, ErrNotFound) {
				a.Part = 0
				m, seq, err = t.message(ctx, a)
			}
			if err != nil {
				return 0, err
			}
			decoded = m.Start + m.Duration
		}
		c.Ends, c.Decoded = append(c.Ends, e), append(c.Decoded, decoded)
		if i == 0 || seq < from {
			from = seq
		}
	}
	return max(from, leftMargin) - leftMargin + 1, nil
}

// collect reads what is stored of open rows, and which signals, from that place in the stream on.
func (t *takeover) collect(ctx context.Context, c *Continuation, from uint64) error {
	last, err := t.bus.lastMessage(ctx, t.channel, subjectRoot+t.channel+"."+signalTrack+".>")
	if err == nil {
		c.signalsAt, c.signals = last.Segment, last.address.Chunk+1
	} else if !errors.Is(notThere(err), ErrNotFound) {
		return err
	}
	filter := subjectRoot + t.channel + ".>"
	if len(c.ends) > 0 {
		filter = subjectRoot + t.channel + "." + signalTrack + ".>"
	}
	bytes := 0
	for range maxLeft {
		s, err := t.bus.ask(ctx, streamName(t.channel), map[string]any{"seq": from, "next_by_subj": filter})
		if errors.Is(err, ErrNotFound) {
			return c.complete()
		}
		if err != nil {
			return err
		}
		from = s.Seq + 1
		if bytes += len(s.Data); bytes > maxLeftBytes {
			break
		}
		m, err := decodeMessage(t.channel, s.Subject, s.Header.Get(headerName), s.Data)
		if err == nil && m.Run == c.Run.ID {
			c.keep(&m)
		}
	}
	return fmt.Errorf("%w: an end of what is stored of open rows", ErrNotFound)
}

// told is what chunks of a row say of the wall clock.
type told struct {
	wall   time.Time
	anchor media.Anchor
}

// chunkKey names a chunk of a channel.
type chunkKey struct {
	segmentKey
	index int
}

// keptChunk is a chunk that is stored.
type keptChunk struct {
	header
	parts   int // that are there
	bytes   int
	sum     uint32 // CRC-32C of the bytes
	ordered bool   // the parts have come in their order
}

// keptEnd is an end that is stored.
type keptEnd struct{ media.SegmentEnd }

// keep takes note of a message that is stored.
func (c *Continuation) keep(m *message) {
	switch {
	case m.Track == signalTrack:
		if sig, err := m.signal(); err == nil {
			c.told[sig.ID] = sig
		}
		return
	case m.Segment < c.first:
		return
	case m.End:
		c.expectEnd(m.end())
		return
	}
	key := chunkKey{segmentKey{m.Track, m.Segment}, m.address.Chunk}
	k := c.chunks[key]
	if k == nil {
		k = &keptChunk{header: m.header, ordered: true}
		c.chunks[key] = k
	}
	k.ordered = k.ordered && max(m.Part, 0) == k.parts && k.header == m.header
	k.parts++
	k.bytes += len(m.Data)
	k.sum = crc32.Update(k.sum, castagnoli, m.Data)
	c.placed(m.Segment, told{m.Wall, m.Anchor})
}

func (c *Continuation) expectEnd(e media.SegmentEnd) {
	c.ends[segmentKey{e.Track, e.Segment}] = &keptEnd{e}
	c.placed(e.Segment, told{e.Wall, e.Anchor})
}

func (c *Continuation) placed(row uint64, p told) {
	if _, ok := c.places[row]; !ok {
		c.places[row] = p
	}
	if p.anchor.Segment > c.anchor.Segment {
		c.anchor = p.anchor
	}
}

// complete is ErrNotFound where a chunk is not whole, which nobody can put right: its parts are of two writers.
func (c *Continuation) complete() error {
	for key, k := range c.chunks {
		if !k.ordered || k.parts != max(k.Parts, 1) {
			return fmt.Errorf("%w: parts of chunk %d of row %d of track %s", ErrNotFound, key.index, key.number, key.track)
		}
	}
	c.missing = len(c.chunks) + len(c.ends)
	return nil
}
