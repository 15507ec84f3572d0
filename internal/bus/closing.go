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

// maxLag is how many rows a track may lie behind the others for its rows to be closed. A writer sends in order, so that it
// is one or two.
const maxLag = 1000

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// closing ends the segments that a dead writer left open in a run, with the chunks that are there.
type closing struct {
	bus     *Bus
	channel string
	log     *slog.Logger
	epoch   uint64
	run     media.Run
	used    uint64                // highest number that a writer has recorded to have begun
	rates   map[string]media.Rate // of the tracks so far; what is closed goes on from these

	last  uint64        // highest number that has messages
	end   time.Time     // where the run ends on the channel timeline
	shift time.Duration // media.Anchor.Shift there
}

// tail is how far a track of the run has got in the stream.
type tail struct {
	end    *media.SegmentEnd // its last end, nil where the stream has none
	newest uint64            // highest number of its messages
	found  bool              // it has any
}

// closeRows makes every row of the run complete, up to the last that any track has, and sets c.last and c.end. False: the
// stream has nothing of the run.
func (c *closing) closeRows(ctx context.Context) (found bool, err error) {
	tails := make([]tail, len(c.run.Tracks))
	for i, t := range c.run.Tracks {
		if tails[i], err = c.tail(ctx, t.Name); err != nil {
			return false, err
		}
		if tails[i].found {
			found = true
			c.last = max(c.last, tails[i].newest)
		}
	}
	if began, err := c.began(ctx, found); err != nil {
		return false, err
	} else if began {
		found, c.last = true, c.used
	}
	if !found {
		return false, nil
	}
	first := c.last + 1 // the first row that is not complete
	for _, t := range tails {
		from := c.run.First
		if t.end != nil {
			from = t.end.Segment + 1
		}
		first = min(first, from)
	}
	if c.last >= maxLag {
		first = max(first, c.last-maxLag)
	}
	for n := first; n <= c.last; n++ {
		if err := c.closeRow(ctx, n, tails); err != nil {
			return false, fmt.Errorf("row %d: %w", n, err)
		}
	}
	for _, t := range tails {
		if e := t.end; e != nil {
			if at := (e.Start + e.Duration).Time(e.Timescale); at.After(c.end) {
				c.end, c.shift = at, e.Anchor.Shift
			}
		}
	}
	return true, nil
}

// began tells whether the run has row c.used, though the newest messages do not say so: those of a writer that did not know
// of its end may hide it.
func (c *closing) began(ctx context.Context, found bool) (bool, error) {
	if c.used < c.run.First || (found && c.used <= c.last) {
		return false, nil
	}
	for _, t := range c.run.Tracks {
		m, _, err := c.chunk(ctx, t.Name, c.used, 0)
		if err == nil && m.Run == c.run.ID {
			return true, nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
	}
	return false, nil
}

// closeRow ends row n in all tracks that have no end there, and takes the ends into tails.
func (c *closing) closeRow(ctx context.Context, n uint64, tails []tail) error {
	ends := make([]media.SegmentEnd, len(tails))
	missing := make([]bool, len(tails))
	for i, t := range c.run.Tracks {
		a := address{Track: t.Name, Segment: n, End: true}
		m, err := c.bus.lastMessage(ctx, c.channel, a.subject(c.channel))
		if err == nil {
			ends[i] = m.end()
			continue
		}
		missing[i] = true
		if err = notThere(err); errors.Is(err, ErrNotFound) {
			ends[i], err = c.collect(ctx, t, n, tails[i].end)
		}
		if err != nil {
			return fmt.Errorf("track %s: %w", t.Name, err)
		}
	}
	row := longest(ends)
	if row.Duration == 0 {
		// Its first chunks are lost, and so is how long it was. Its number has been used all the same.
		row.Duration = media.Ticks(row.Timescale)
		if before := tails[0].end; before != nil && before.Duration > 0 {
			row.Duration = before.Duration
		}
	}
	for i := range ends {
		e := &ends[i]
		if missing[i] {
			if e.Gap() {
				// Rounded from where the others end, so that gaps in a row do not drift away from them.
				e.Duration = max(0, media.Rescale(row.Start+row.Duration, row.Timescale, e.Timescale)-e.Start)
				e.Wall, e.Anchor = row.Wall, row.Anchor
			}
			if err := c.put(ctx, *e); err != nil {
				return fmt.Errorf("track %s: %w", e.Track, err)
			}
		}
		if tails[i].end == nil || tails[i].end.Segment < n {
			tails[i].end = e
		}
	}
	return nil
}

// longest is the segment of a row that tells how long its gaps are: the first that has media, else the first that has a
// duration, else the first.
func longest(ends []media.SegmentEnd) media.SegmentEnd {
	for _, e := range ends {
		if !e.Gap() {
			return e
		}
	}
	for _, e := range ends {
		if e.Duration > 0 {
			return e
		}
	}
	return ends[0]
}

// tail looks a track's last messages up. Those of another run do not count.
func (c *closing) tail(ctx context.Context, track string) (tail, error) {
	var t tail
	prefix := subjectRoot + c.channel + "." + track + "."
	for _, subject := range []string{prefix + "*." + endToken, prefix + ">"} {
		m, err := c.bus.lastMessage(ctx, c.channel, subject)
		if errors.Is(notThere(err), ErrNotFound) {
			continue
		}
		if err != nil {
			return tail{}, fmt.Errorf("track %s: %w", track, err)
		}
		if m.Run != c.run.ID || m.Segment < c.run.First {
			continue
		}
		t.newest, t.found = max(t.newest, m.Segment), true
		if m.End {
			e := m.end()
			t.end = &e
		}
	}
	return t, nil
}

// collect is the end of one segment as the chunks that are there make it: a gap of no duration where there are none.
func (c *closing) collect(ctx context.Context, track media.Track, n uint64, before *media.SegmentEnd) (media.SegmentEnd, error) {
	e := media.SegmentEnd{
		Track: track.Name, Segment: n, Run: c.run.ID, Init: track.Init, Timescale: track.Timescale,
		Start: media.FromTime(c.run.Start, track.Timescale), Rate: c.rates[track.Name],
	}
	if before != nil {
		e.Start, e.Wall, e.Anchor, e.Captions = before.Start+before.Duration, before.Wall, before.Anchor, before.Captions
	}
	for e.Chunks <= maxIndex {
		m, data, err := c.chunk(ctx, track.Name, n, e.Chunks)
		if errors.Is(err, ErrNotFound) {
			break
		}
		if err != nil {
			return e, err
		}
		if m.Run != c.run.ID || m.Timescale != track.Timescale || e.Bytes+int64(len(data)) > maxSegment {
			break
		}
		if e.Chunks == 0 {
			if before == nil && n != c.run.First {
				e.Start = m.Start // the stream has lost the end before it
			}
			e.Wall, e.Anchor = m.Wall, m.Anchor
		}
		e.Chunks++
		e.Bytes += int64(len(data))
		e.Checksum = crc32.Update(e.Checksum, castagnoli, data)
		e.Duration += m.Duration
		if m.Independent && track.Kind == media.Video {
			if e.Chunks == 1 {
				e.Keys.First, e.Keys.Size = true, m.Key
			}
			e.Keys.Bytes += int64(m.Key)
		}
	}
	if e.Rate == (media.Rate{}) {
		if e.Rate = ownRate(e.Bytes, e.Duration, e.Timescale); e.Rate.Peak > 0 {
			c.rates[track.Name] = e.Rate
		}
	}
	return e, nil
}

// put stores an end.
func (c *closing) put(ctx context.Context, e media.SegmentEnd) error {
	value, err := endHeader(c.epoch, e).encode(true)
	if err != nil {
		return err
	}
	a := address{Track: e.Track, Segment: e.Segment, End: true}
	if err := c.bus.put(ctx, newMsg(a.subject(c.channel), value, nil)); err != nil {
		return err
	}
	c.log.Info("bus: closed a segment that a writer had left open", "track", e.Track, "segment", e.Segment,
		"chunks", e.Chunks, "duration", e.Duration.Duration(e.Timescale))
	return nil
}

// chunk reads one chunk back, from its parts where it was split. ErrNotFound: it is not there, or not all of it.
func (c *closing) chunk(ctx context.Context, track string, segment uint64, index int) (message, []byte, error) {
	a := address{Track: track, Segment: segment, Chunk: index, Part: -1}
	m, err := c.bus.lastMessage(ctx, c.channel, a.subject(c.channel))
	if err == nil {
		return m, m.Data, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return message{}, nil, notThere(err)
	}
	var data []byte
	for a.Part = 0; ; a.Part++ {
		p, err := c.bus.lastMessage(ctx, c.channel, a.subject(c.channel))
		if err != nil {
			return message{}, nil, notThere(err)
		}
		if a.Part == 0 {
			m = p
		}
		data = append(data, p.Data...)
		if len(data) > maxChunk {
			return message{}, nil, ErrNotFound
		}
		if a.Part+1 >= m.Parts {
			return m, data, nil
		}
	}
}

// notThere counts a message that cannot be understood as missing: readers drop it too.
func notThere(err error) error {
	if errors.Is(err, ErrMalformed) {
		return ErrNotFound
	}
	return err
}
