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
}

// tail is how far a track of the run has got in the stream.
type tail struct {
	end    *media.SegmentEnd // its last end, nil where the stream has none
	newest uint64            // highest number of its messages
}

// closeRows makes every row of the run complete, up to the last that any track has. It returns that row's number and where
// its tracks end on the channel timeline.
func (c *closing) closeRows(ctx context.Context) (last uint64, end time.Time, err error) {
	tails := make([]tail, len(c.run.Tracks))
	for i, t := range c.run.Tracks {
		if tails[i], err = c.tail(ctx, t.Name); err != nil {
			return 0, time.Time{}, err
		}
		last = max(last, tails[i].newest)
	}
	first := last + 1 // the first row that is not complete
	for _, t := range tails {
		from := c.run.First
		if t.end != nil {
			from = t.end.Segment + 1
		}
		first = min(first, from)
	}
	if last >= maxLag {
		first = max(first, last-maxLag)
	}
	for n := first; n <= last; n++ {
		if err := c.closeRow(ctx, n, tails); err != nil {
			return 0, time.Time{}, fmt.Errorf("row %d: %w", n, err)
		}
	}
	for _, t := range tails {
		if e := t.end; e != nil {
			if at := (e.Start + e.Duration).Time(e.Timescale); at.After(end) {
				end = at
			}
		}
	}
	return last, end, nil
}

// closeRow ends row n in all tracks that have no end there, and takes the ends into tails.
func (c *closing) closeRow(ctx context.Context, n uint64, tails []tail) error {
	ends := make([]*media.SegmentEnd, len(tails))
	for i, t := range c.run.Tracks {
		if tails[i].end != nil && tails[i].end.Segment >= n {
			continue
		}
		e, err := c.collect(ctx, t, n, tails[i].end)
		if err != nil {
			return fmt.Errorf("track %s: %w", t.Name, err)
		}
		ends[i] = &e
	}
	row, err := c.longest(ctx, n, ends)
	if err != nil {
		return err
	}
	for i, e := range ends {
		if e == nil {
			continue
		}
		if e.Gap() && row != nil {
			// Rounded from where the others end, so that gaps in a row do not drift away from them.
			e.Duration = max(0, media.Rescale(row.Start+row.Duration, row.Timescale, e.Timescale)-e.Start)
			e.Wall = row.Wall
		}
		if err := c.put(ctx, *e); err != nil {
			return fmt.Errorf("track %s: %w", e.Track, err)
		}
		tails[i].end = e
	}
	return nil
}

// longest is the segment of row n that tells how long its gaps are: that of the first track that has media. Ends that are
// not among those just collected are in the stream.
func (c *closing) longest(ctx context.Context, n uint64, ends []*media.SegmentEnd) (*media.SegmentEnd, error) {
	for i, e := range ends {
		if e == nil {
			a := address{Track: c.run.Tracks[i].Name, Segment: n, End: true}
			m, err := c.bus.lastMessage(ctx, c.channel, a.subject(c.channel))
			if errors.Is(notThere(err), ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			stored := m.end()
			e = &stored
		}
		if !e.Gap() {
			return e, nil
		}
	}
	return nil, nil
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
		t.newest = max(t.newest, m.Segment)
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
		Start: media.FromTime(c.run.Start, track.Timescale),
	}
	if before != nil {
		e.Start, e.Wall = before.Start+before.Duration, before.Wall
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
			e.Wall = m.Wall
		}
		e.Chunks++
		e.Bytes += int64(len(data))
		e.Checksum = crc32.Update(e.Checksum, castagnoli, data)
		e.Duration += m.Duration
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
