package packager

import (
	"hash/crc32"
	"time"

	"weir/internal/media"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// border is where a row begins, on the timeline of the track that is cut there.
type border struct {
	at     media.Ticks
	number uint64
	wall   time.Time
	final  bool // the run ends there, no row begins
}

// cutter is one track's place in the open run: its open segment, and the chunk that is being gathered.
type cutter struct {
	t       *track
	run     *run
	number  uint64 // of the open segment
	start   media.Ticks
	end     media.Ticks // where the last sample that was added ends
	wall    time.Time
	samples int // of the open segment
	chunks  int
	bytes   int64
	sum     uint32

	pending []timed // samples of the next chunk
	length  media.Ticks
	size    int
	limit   media.Ticks // longest chunk, 0: a whole segment
	enough  media.Ticks // 85 % of the chunk target

	borders []border // that the lead has set and this track has not reached
	begun   bool     // it has had media in this run
	gone    bool     // it stopped: the rest of its rows are gaps
	done    bool     // it has reached the run's end
}

// add takes a sample, with its duration, into the open segment.
func (c *cutter) add(s timed) error {
	if len(c.pending) > 0 && (c.limit > 0 && c.length+s.duration > c.limit ||
		len(c.pending) >= maxChunkSamples || c.size+len(s.data) > maxChunkBytes) {
		if err := c.flush(); err != nil {
			return err
		}
	}
	regular := len(c.pending) > 0 && distance(c.pending[len(c.pending)-1].duration, s.duration) <= s.duration/16
	c.pending = append(c.pending, s)
	c.length += s.duration
	c.size += len(s.data)
	c.samples++
	c.begun = true
	c.end = s.pos + s.duration
	// The next sample would most likely be too much: nobody need wait for it.
	if c.limit > 0 && c.length+s.duration > c.limit && (c.length >= c.enough || regular || s.duration > c.limit) {
		return c.flush()
	}
	return nil
}

// flush brings out the chunk that is being gathered.
func (c *cutter) flush() error {
	if len(c.pending) == 0 {
		return nil
	}
	p := c.run.p
	if err := c.run.announce(); err != nil {
		return err
	}
	p.sequence++
	f := fragment{sequence: p.sequence, samples: c.pending, first: c.chunks == 0}
	data := f.encode()
	chunk := media.Chunk{
		Track: c.t.Name, Segment: c.number, Index: c.chunks, Run: c.run.ID, Init: c.t.init,
		Start: c.pending[0].dts, Duration: c.length, Timescale: c.t.scale,
		Independent: c.pending[0].sync, Wall: c.wall, Data: data,
	}
	c.chunks++
	c.bytes += int64(len(data))
	c.sum = crc32.Update(c.sum, castagnoli, data)
	p.stats.Out += uint64(len(c.pending))
	clear(c.pending)
	c.pending, c.length, c.size = c.pending[:0], 0, 0
	return p.out.Chunk(chunk)
}

// close ends the open segment at that position: with no sample in it, it is a gap.
func (c *cutter) close(at media.Ticks) error {
	if err := c.flush(); err != nil {
		return err
	}
	at = max(at, c.start)
	return c.run.p.out.End(media.SegmentEnd{
		Track: c.t.Name, Segment: c.number, Run: c.run.ID, Init: c.t.init,
		Start: c.start, Duration: at - c.start, Timescale: c.t.scale,
		Chunks: c.chunks, Bytes: c.bytes, Checksum: c.sum, Wall: c.wall,
	})
}

// open begins the segment of a row at that position.
func (c *cutter) open(b border, at media.Ticks) {
	c.number, c.wall = b.number, b.wall
	c.start, c.end = at, at
	c.samples, c.chunks, c.bytes, c.sum = 0, 0, 0, 0
}
