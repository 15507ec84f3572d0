package bus

import (
	"fmt"
	"hash/crc32"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
)

// story is what the writers of a channel make, one after the other: what the stream gets of it, and what the fast path does.
type story struct {
	stream, fast []telling
	calm         []telling // what the stream gets then, so that times of publication are those of rows again
	stored, told int       // messages of each that are of the first writer
	runs         []media.Run
}

// telling is a message before it is one.
type telling struct {
	epoch uint64
	run   int // of story.runs
	chunk *media.Chunk
	end   *media.SegmentEnd
}

func (m telling) encode(t require.TestingT) (subject, value string, data []byte) {
	a, err := address{}, error(nil)
	if m.end != nil {
		a = address{Track: m.end.Track, Segment: m.end.Segment, End: true}
		value, err = endHeader(m.epoch, *m.end).encode(true)
	} else {
		a = address{Track: m.chunk.Track, Segment: m.chunk.Segment, Chunk: m.chunk.Index, Part: -1}
		value, err = chunkHeader(m.epoch, *m.chunk).encode(false)
		data = m.chunk.Data
	}
	require.NoError(t, err)
	return a.subject("news"), value, data
}

// storyRow is a row as a writer makes it of so many chunks, whose bytes say who has made them: chunks of both tracks by turns, then their ends.
func storyRow(run media.Run, number uint64, by string, chunks, rate int) (row []telling) {
	const lasts = 2 * time.Second
	ends := make([]telling, len(run.Tracks))
	for i := range chunks {
		for k, track := range run.Tracks {
			start := media.FromTime(run.Start.Add(time.Duration(number-run.First)*lasts), track.Timescale)
			each := media.FromDuration(lasts, track.Timescale) / media.Ticks(chunks)
			data := fmt.Appendf(nil, "%s: %s/%d/%d of %d", by, track.Name, number, i, chunks)
			c := media.Chunk{
				Track: track.Name, Segment: number, Index: i, Run: run.ID, Init: track.Init, Start: start + each*media.Ticks(i), Duration: each,
				Timescale: track.Timescale, Independent: i == 0, Wall: start.Time(track.Timescale), Anchor: testAnchor(run, run.First), Data: data,
			}
			row = append(row, telling{chunk: &c, run: int(run.ID)})
			if ends[k].end == nil {
				ends[k] = telling{run: int(run.ID), end: &media.SegmentEnd{
					Track: track.Name, Segment: number, Run: run.ID, Init: track.Init, Start: start, Timescale: track.Timescale, Wall: c.Wall,
					Anchor: c.Anchor, Rate: media.Rate{Peak: 2 * rate, Average: rate},
				}}
			}
			add(ends[k].end, &c)
		}
	}
	return append(row, ends...)
}

func add(e *media.SegmentEnd, c *media.Chunk) {
	e.Chunks++
	e.Bytes += int64(len(c.Data))
	e.Duration += c.Duration
	e.Checksum = crc32.Update(e.Checksum, castagnoli, c.Data)
}

// closed is the ends that a successor stores for a row that it found with these messages.
func closed(run media.Run, number uint64, row, stored []telling) (ends []telling) {
	for _, track := range run.Tracks {
		var e media.SegmentEnd
		for _, m := range row {
			if m.end != nil && m.end.Track == track.Name {
				e = *m.end
				e.Chunks, e.Bytes, e.Checksum, e.Duration = 0, 0, 0, 0
			}
		}
		there := false
		for _, m := range stored {
			if m.end != nil && m.end.Segment == number && m.end.Track == track.Name {
				there = true
			}
			if m.chunk != nil && m.chunk.Segment == number && m.chunk.Track == track.Name {
				add(&e, m.chunk)
			}
		}
		if e.Chunks == 0 {
			e.Duration = media.FromDuration(time.Second, e.Timescale)
		}
		if !there {
			ends = append(ends, telling{end: &e, run: int(run.ID)})
		}
	}
	return ends
}

// drawStory lets a writer of epoch 5 store some of what it makes, and tell all of it. What comes after that is another's.
func drawStory(t *rapid.T) (s story, what string) {
	before, _ := testRun(0, 0, timeline)
	first, _ := testRun(1, 1, timeline.Add(3*time.Second))
	s.runs = append(s.runs, before, first)
	number := func(name string, from, to int) int { return rapid.IntRange(from, to).Draw(t, name) }
	var all []telling
	rows := [][]telling{storyRow(before, 0, "A", 2, 90)}
	count := 1 + number("rows", 2, 6)
	for n := 1; n < count; n++ {
		rows = append(rows, storyRow(first, uint64(n), "A", number("chunks", 1, 5), 100+n))
		all = append(all, rows[n]...)
	}
	stored := number("stored", 1, len(all))
	s.fast = stamp(5, append(rows[0], all[:number("told", stored, len(all))]...))
	s.stream = stamp(5, append(rows[0], all[:stored]...))
	s.stored, s.told = len(s.stream), len(s.fast)
	last := all[stored-1].number()
	next := uint64(count) // behind all that was told
	what = rapid.SampledFrom([]string{"the same", "another run", "other bytes", "a gap"}).Draw(t, "what follows")
	var rest []telling
	run := first
	switch what {
	case "the same": // of the same feed
		rest = stamp(6, all[stored:])
	case "another run": // after what is there was closed
		for n := all[0].number(); n <= last; n++ {
			rest = append(rest, stamp(6, closed(first, n, rows[n], all[:stored]))...)
		}
		run, _ = testRun(2, last+1, timeline.Add(time.Duration(last+2)*2*time.Second))
		s.runs = append(s.runs, run)
		for n := last + 1; n < next; n++ {
			rest = append(rest, stamp(6, storyRow(run, n, "B", number("chunks", 1, 5), 50))...)
		}
	case "other bytes": // from a place on, by whom nobody should trust
		for n := last; n < next; n++ {
			for _, m := range storyRow(first, n, "B", number("chunks", 5, 8), 50) {
				if n > last || m.end == nil && !has(all[:stored], m) {
					rest = append(rest, stamp(6, []telling{m})...)
				}
			}
			if n == last {
				rest = append(rest, stamp(6, closed(first, n, rows[n], append(all[:stored:stored], rest...)))...)
			}
		}
	case "a gap": // of a segment that the writer itself has given up
		track := rapid.SampledFrom(first.Tracks).Draw(t, "track").Name
		for _, m := range stamp(5, all[stored:]) {
			if m.number() == last && m.track() == track {
				if m.end == nil {
					continue
				}
				gap := *m.end
				gap.Chunks, gap.Bytes, gap.Checksum = 0, 0, 0
				m.end = &gap
			}
			rest = append(rest, m)
		}
	}
	s.stream, s.fast = append(s.stream, rest...), append(s.fast, rest...)
	for n := next; n < next+6; n++ {
		row := stamp(6, storyRow(run, n, "B", 3, 60))
		if n < next+3 {
			s.stream, s.fast = append(s.stream, row...), append(s.fast, row...)
		} else {
			s.calm = append(s.calm, row...)
		}
	}
	return s, what
}

func (m telling) number() uint64 {
	if m.end != nil {
		return m.end.Segment
	}
	return m.chunk.Segment
}

func (m telling) track() string {
	if m.end != nil {
		return m.end.Track
	}
	return m.chunk.Track
}

func has(all []telling, m telling) bool {
	for _, o := range all {
		if o.chunk != nil && o.chunk.Track == m.chunk.Track && o.chunk.Segment == m.chunk.Segment && o.chunk.Index == m.chunk.Index {
			return true
		}
	}
	return false
}

func stamp(epoch uint64, in []telling) (out []telling) {
	for _, m := range in {
		m.epoch = epoch
		out = append(out, m)
	}
	return out
}
