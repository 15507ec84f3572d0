package window

import (
	"bytes"
	"hash/crc32"
	"io"
	"log/slog"
	"testing"
	"time"

	"weir/internal/media"
)

var (
	quiet = slog.New(slog.NewTextHandler(io.Discard, nil))
	epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

// source makes what a bus would hand over for a channel with v1 and a1, segments of two seconds.
type source struct {
	chunks int // a segment
	size   int // of a chunk, in bytes
	gone   time.Duration
	run    uint64
	first  uint64
}

const lasts = 2 * time.Second

// event is one call of the handler.
type event struct {
	run   *media.Run
	chunk *media.Chunk
	end   *media.SegmentEnd
}

func (e event) to(w *Window) {
	switch {
	case e.run != nil:
		w.Run(*e.run, initsOf(e.run))
	case e.chunk != nil:
		w.Chunk(*e.chunk)
	default:
		w.End(*e.end)
	}
}

func initsOf(r *media.Run) []media.Init {
	var all []media.Init
	for _, t := range r.Tracks {
		all = append(all, media.Init{Track: t.Name, Version: t.Init, Data: []byte("init of " + t.Name)})
	}
	return all
}

func (s *source) start(number uint64) time.Time {
	return epoch.Add(s.gone + time.Duration(number)*lasts)
}

func (s *source) runEvent() event {
	return event{run: &media.Run{
		ID: s.run, First: s.first, Start: s.start(s.first),
		Tracks: []media.Track{
			{Name: "v1", Kind: media.Video, Timescale: 90000, Init: uint32(s.run)},
			{Name: "a1", Kind: media.Audio, Timescale: 48000, Init: uint32(s.run)},
		},
	}}
}

// data is what a chunk holds: no two chunks have the same.
func (s *source) data(track string, number uint64, index int) []byte {
	b := bytes.Repeat([]byte{byte(number), byte(index), track[0]}, s.size/3+1)[:s.size]
	return append(make([]byte, 0, s.size+10), b...)
}

// row is all events of one row in the order of the bus.
func (s *source) row(number uint64) []event {
	var events []event
	for _, track := range []string{"v1", "a1"} {
		ts := uint32(90000)
		if track == "a1" {
			ts = 48000
		}
		sum, size := uint32(0), 0
		part := media.FromDuration(lasts, ts) / media.Ticks(s.chunks)
		from := media.FromTime(s.start(number), ts)
		for i := range s.chunks {
			d := s.data(track, number, i)
			sum = crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), d)
			size += len(d)
			events = append(events, event{chunk: &media.Chunk{
				Track: track, Segment: number, Index: i, Run: s.run, Init: uint32(s.run), Start: from + part*media.Ticks(i),
				Duration: part, Timescale: ts, Independent: i == 0, Key: (1 - min(i, 1)) * (1 + s.size/2), Wall: s.start(number), Data: d,
			}})
		}
		events = append(events, event{end: &media.SegmentEnd{
			Track: track, Segment: number, Run: s.run, Init: uint32(s.run), Start: from, Duration: media.FromDuration(lasts, ts),
			Timescale: ts, Chunks: s.chunks, Bytes: int64(size), Checksum: sum, Wall: s.start(number),
			Rate: media.Rate{Peak: size * 4, Average: size * 4},
		}})
	}
	return events
}

// whole is the bytes of a segment.
func (s *source) whole(track string, number uint64) []byte {
	var b []byte
	for i := range s.chunks {
		b = append(b, s.data(track, number, i)...)
	}
	return b
}

// clock is a time that tests set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newWindow(dvr time.Duration) (*Window, *clock) {
	c := &clock{at: epoch.Add(1000 * time.Hour)}
	w := New(Settings{Channel: "news", Title: "News", Segment: lasts, DVR: dvr}, c.now, quiet)
	w.Target(lasts)
	return w, c
}

// feed hands over rows from, …, to-1.
func (s *source) feed(w *Window, from, to uint64) {
	for n := from; n < to; n++ {
		for _, e := range s.row(n) {
			e.to(w)
		}
	}
}

// numbers are those of the listing; it fails where they have a hole.
func numbers(t testing.TB, w *Window) (first, count uint64) {
	t.Helper()
	rows := w.Snapshot().Rows
	if rows.Len() == 0 {
		return 0, 0
	}
	first = rows.At(0).Number
	for i := range rows.Len() {
		if got := rows.At(i).Number; got != first+uint64(i) {
			t.Fatalf("row %d has number %d, the first has %d", i, got, first)
		}
	}
	return first, uint64(rows.Len())
}

func wantRows(t testing.TB, w *Window, first, count uint64) {
	t.Helper()
	if f, n := numbers(t, w); f != first || n != count {
		t.Fatalf("listed: %d rows from %d on, want %d from %d on", n, f, count, first)
	}
}
