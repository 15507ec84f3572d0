package movie

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"
)

// record is an entry of the layout: so many bytes of a source stand at a position of the mdat's payload.
type record struct {
	start  int64 // in the payload
	at     int64 // in the source
	source uint32
	length uint32
}

// recordSize is that of a stored record in bytes.
const recordSize = 8 + 8 + 4 + 4

func (r record) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(r.start))
	b = binary.BigEndian.AppendUint64(b, uint64(r.at))
	b = binary.BigEndian.AppendUint32(b, r.source)
	return binary.BigEndian.AppendUint32(b, r.length)
}

func parseRecord(b []byte) record {
	return record{
		start: int64(binary.BigEndian.Uint64(b)), at: int64(binary.BigEndian.Uint64(b[8:])),
		source: binary.BigEndian.Uint32(b[16:]), length: binary.BigEndian.Uint32(b[20:]),
	}
}

// queue is a strand's chunks on their way into the layout.
type queue struct {
	*strand
	source uint32
	r      *tableReader
	left   int64
	next   chunk
	time   time.Duration // of next, since the epoch
}

func (q *queue) advance() error {
	if q.left == 0 {
		q.r = nil
		return nil
	}
	q.left--
	if err := readChunk(q.r, &q.next); err != nil {
		return err
	}
	q.time = q.next.start.Duration(q.track.Timescale)
	return nil
}

// interleave puts the chunks of all strands in the order of their decoding times, and writes the layout.
func (b *Builder) interleave(layout io.Writer) (pieces int64, err error) {
	queues := make([]*queue, len(b.strands))
	for i, s := range b.strands {
		r, err := s.chunks.read()
		if err != nil {
			return 0, err
		}
		queues[i] = &queue{strand: s, source: uint32(b.sources[i]), r: r, left: s.nChunks}
		if err := queues[i].advance(); err != nil {
			return 0, err
		}
	}
	w := bufio.NewWriterSize(layout, tableBuffer)
	at := int64(0)
	for {
		var q *queue
		for _, c := range queues {
			if c.r != nil && (q == nil || c.time < q.time) {
				q = c
			}
		}
		if q == nil {
			return pieces, w.Flush()
		}
		if err := q.offsets.putLong(uint64(at)); err != nil {
			return 0, err
		}
		for _, p := range q.next.pieces {
			r := record{start: at, at: p.at, source: q.source, length: p.length}
			if _, err := w.Write(r.append(w.AvailableBuffer())); err != nil {
				return 0, err
			}
			at += int64(p.length)
			pieces++
		}
		if err := q.advance(); err != nil {
			return 0, err
		}
	}
}
