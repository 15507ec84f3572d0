package packager

import (
	"hash/crc32"

	"weir/internal/media"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// border is where a row begins, on the timeline of the track that is cut there.
type border struct {
	at     media.Ticks
	number uint64
	place  place
	final  bool // the run ends there, no row begins
}

// cutter is one track's place in the open run: its open segment, and the chunk that is being gathered.
type cutter struct {
	t       *track
	run     *run
	number  uint64 // of the open segment
	start   media.Ticks
	end     media.Ticks // where the last sample that was added ends
	place   place
	samples int // of the open segment
	chunks  int
	bytes   int64
	sum     uint32
	keys    media.Keys // of pictures

	pending []timed // samples of the next chunk
	length  media.Ticks
	size    int
	chunking
	short bool // the last chunk is less than 85 %, which only the last of a segment may be

	recent []measured // newest segments, as far as they can be part of a peak

	borders []border // that the lead has set and this track has not reached
	begun   bool     // it has had media in this run
	gone    bool     // it stopped: the rest of its rows are gaps
	done    bool     // it has reached the run's end
}

// add takes a sample, with its duration, into the open segment.
func (c *cutter) add(s timed) error {
	if !c.run.announced {
		// What is gathered already must fit.
		if next := c.chunkingBy(s); len(c.pending) < 2 || next.most >= c.length {
			c.chunking = next
		}
	}
	if len(c.pending) > 0 && (c.most > 0 && c.length+s.duration > c.most ||
		len(c.pending) >= maxChunkSamples || c.size+len(s.data) > maxChunkBytes) {
		if err := c.flush(); err != nil {
			return err
		}
	}
	if c.short {
		c.run.p.stats.ShortChunks++
		c.short = false
	}
	regular := len(c.pending) > 0 && distance(c.pending[len(c.pending)-1].duration, s.duration) <= s.duration/16
	if c.t.Kind == media.Video {
		c.run.p.scanOf(c.t.Name).look(c.t.Codec, &s)
	}
	c.pending = append(c.pending, s)
	c.length += s.duration
	c.size += len(s.data)
	c.samples++
	c.begun = true
	c.end = s.pos + s.duration
	if c.full(s.duration, regular) {
		return c.flush()
	}
	return nil
}

// full tells whether nobody need wait for the next sample: it would be one too many, or most likely too long. What does not make up
// 85 % waits, unless frames are regular: a shorter one may come.
func (c *cutter) full(last media.Ticks, regular bool) bool {
	tooLong := c.length+last-c.loose > c.most
	switch {
	case c.most == 0:
		return false
	case c.length >= c.enough:
		return len(c.pending) >= c.frames || tooLong
	}
	return tooLong && (regular || last > c.most)
}

// guess is how long the next sample is taken to be, as none follows. Rounding must not make it a chunk of its own.
func (c *cutter) guess() media.Ticks {
	d := c.t.lastDuration()
	if over := c.length + d - c.most; c.most > 0 && over > 0 && over <= c.loose && over < d {
		d -= over
	}
	return d
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
	f := fragment{sequence: sequence(c.number, c.chunks), samples: c.pending, first: c.chunks == 0, messages: c.t.due(c.pending[0].pos, c.end), timescale: c.t.scale}
	data, first := f.encode()
	chunk := media.Chunk{
		Track: c.t.Name, Segment: c.number, Index: c.chunks, Run: c.run.ID, Init: c.t.init,
		Start: c.pending[0].dts, Duration: c.length, Timescale: c.t.scale,
		Independent: c.pending[0].sync, Wall: c.place.wall, Anchor: c.place.anchor,
		Data: data,
	}
	if chunk.Independent {
		chunk.Key = first
		c.countKey(&chunk)
	}
	c.chunks++
	c.bytes += int64(len(data))
	c.sum = crc32.Update(c.sum, castagnoli, data)
	p.stats.Out += uint64(len(c.pending))
	c.short = c.length < c.enough
	if c.most > 0 && c.length > c.most {
		p.stats.LongChunks++
	}
	clear(c.pending)
	c.pending, c.length, c.size = c.pending[:0], 0, 0
	return p.out.Chunk(chunk)
}

// countKey takes in a chunk that begins with a sync sample.
func (c *cutter) countKey(chunk *media.Chunk) {
	if c.t.Kind != media.Video {
		return
	}
	c.keys.Bytes += int64(chunk.Key)
	if chunk.Index == 0 {
		c.keys.First, c.keys.Size = true, chunk.Key
	}
}

// close ends the open segment at that position: with no sample in it, it is a gap.
func (c *cutter) close(at media.Ticks) error {
	if err := c.flush(); err != nil {
		return err
	}
	at = max(at, c.start)
	var captions media.Captions
	if c.t.Kind == media.Video {
		scan := c.run.p.scanOf(c.t.Name)
		scan.flush()
		captions = scan.found
	}
	return c.run.p.out.End(media.SegmentEnd{
		Track: c.t.Name, Segment: c.number, Run: c.run.ID, Init: c.t.init,
		Start: c.start, Duration: at - c.start, Timescale: c.t.scale,
		Chunks: c.chunks, Bytes: c.bytes, Checksum: c.sum, Wall: c.place.wall,
		Anchor: c.place.anchor, Rate: c.rate(at - c.start), Captions: captions, Keys: c.keys,
	})
}

// open begins the segment of a row at that position.
func (c *cutter) open(b border, at media.Ticks) {
	c.number, c.place = b.number, b.place
	c.start, c.end = at, at
	c.samples, c.chunks, c.bytes, c.sum, c.short, c.keys = 0, 0, 0, 0, false, media.Keys{}
}
