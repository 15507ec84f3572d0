package bus

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// fast is a channel with a reader on the fast path, and one who publishes what no stream has.
type fast struct {
	t    *testing.T
	url  string
	bus  *Bus
	read *recorder
	run  media.Run
	base ReadStats // before
}

// startFast is a channel with row 0 and chunk 0 of row 1 in its stream, by a writer of epoch 5, which a reader has.
func startFast(t *testing.T) *fast {
	t.Helper()
	o := startOutside(t)
	b := openBus(t, Config{URL: o.url()})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Target(3*time.Second))
	writeRow(t, w, run, 0, 1000)
	closeWriter(t, w)
	f := &fast{t: t, url: o.url(), bus: b, run: run}
	f.read = read(t, b, "news")
	f.read.wait(t, "the row", func() bool { return f.read.caughtUp == 1 && len(f.read.ends) == 2 })
	f.store(5, f.chunk(0))
	f.read.wait(t, "the first chunk", func() bool { return len(f.read.chunks) == 21 })
	f.settled("the first chunk", func(s ReadStats) bool { return s.Fast == s.Settled })
	f.base = b.ReadStats("news")
	return f
}

func (f *fast) chunk(index int) media.Chunk { return testChunk(f.run, "v1", 1, index, 1000) }

// store puts a chunk into the stream.
func (f *fast) store(epoch uint64, c media.Chunk) { putChunk(f.t, f.bus, epoch, c, -1, 0) }

func (f *fast) storeEnd(epoch uint64, e media.SegmentEnd) {
	value, err := endHeader(epoch, e).encode(true)
	require.NoError(f.t, err)
	a := address{Track: e.Track, Segment: e.Segment, End: true}
	require.NoError(f.t, f.bus.put(testContext(f.t), newMsg(a.subject("news"), value, nil)))
}

// publish is what the stream does not get.
func (f *fast) publish(a address, value string, data []byte) {
	m := &nats.Msg{Subject: fastRoot + a.subject("news")[len(subjectRoot):], Header: nats.Header{headerName: {value}}, Data: data}
	require.NoError(f.t, f.bus.writeConn.PublishMsg(m))
}

func (f *fast) tell(epoch uint64, c media.Chunk) {
	value, err := chunkHeader(epoch, c).encode(false)
	require.NoError(f.t, err)
	f.publish(address{Track: c.Track, Segment: c.Segment, Chunk: c.Index, Part: -1}, value, c.Data)
}

func (f *fast) tellEnd(epoch uint64, e media.SegmentEnd) {
	value, err := endHeader(epoch, e).encode(true)
	require.NoError(f.t, err)
	f.publish(address{Track: e.Track, Segment: e.Segment, End: true}, value, nil)
}

// has waits until the reader has that many chunks of row 1.
func (f *fast) has(n int) {
	f.t.Helper()
	f.read.wait(f.t, "chunks", func() bool { return len(f.read.chunks) >= 20+n })
	f.read.mu.Lock()
	defer f.read.mu.Unlock()
	require.Len(f.t, f.read.chunks, 20+n)
}

// settled waits until the reader has had as many messages of the stream as there are, and ok.
func (f *fast) settled(what string, ok func(ReadStats) bool) {
	f.t.Helper()
	defer func() {
		if f.t.Failed() {
			f.t.Logf("%+v %+v, last %d", f.stats(f.bus.ReadStats("news")), f.bus.ReadStats("news"), streamLast(f.t, f.bus))
		}
	}()
	eventually(f.t, what, func() bool {
		s := f.bus.ReadStats("news")
		return s.Messages == int64(streamLast(f.t, f.bus)) && ok(f.stats(s))
	})
}

func streamLast(t *testing.T, b *Bus) uint64 {
	s, err := b.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)
	return s.CachedInfo().State.LastSeq
}

// stats is what has been counted since startFast.
func (f *fast) stats(s ReadStats) ReadStats {
	return ReadStats{
		Stale: s.Stale - f.base.Stale, Malformed: s.Malformed - f.base.Malformed, Fast: s.Fast - f.base.Fast, Settled: s.Settled - f.base.Settled,
		Unsettled: s.Unsettled - f.base.Unsettled,
	}
}

func TestFastPathGoesAheadAndTheStreamSettlesIt(t *testing.T) {
	t.Parallel()
	f := startFast(t)
	var chunks []media.Chunk
	for i := range 10 {
		chunks = append(chunks, f.chunk(i))
		f.tell(5, chunks[i]) // the first once more
	}
	f.tellEnd(5, testEnd(chunks...))
	f.tell(5, testChunk(f.run, "v1", 2, 0, 500))
	f.read.wait(t, "row 1, and the beginning of row 2", func() bool { return len(f.read.ends) == 3 && len(f.read.chunks) == 31 })
	for _, c := range chunks[1:] {
		f.store(6, c) // by a successor that makes the same
	}
	f.storeEnd(6, testEnd(chunks...))
	f.store(6, testChunk(f.run, "v1", 2, 0, 500))
	f.settled("settlement", func(s ReadStats) bool { return s == ReadStats{Fast: 11, Settled: 11} || s.Unsettled > 0 })
	require.Len(t, f.read.ends, 3)
	require.Equal(t, chunks, f.read.chunks[20:30], "each once, in order")
	assert.Zero(t, f.stats(f.bus.ReadStats("news")).Unsettled)
}

func TestFastPathTakesOnlyWhatFollows(t *testing.T) {
	t.Parallel()
	f := startFast(t)
	gap := testEnd(f.chunk(0))
	gap.Chunks, gap.Bytes, gap.Checksum, gap.Keys = 0, 0, 0, media.Keys{}
	other := f.chunk(1)
	other.Run = 7
	unknown := f.chunk(0)
	unknown.Track = "v9"
	slow := f.chunk(1)
	slow.Timescale = 1000
	f.tell(5, f.chunk(2))                         // chunk 1 is missing
	f.tell(5, testChunk(f.run, "v1", 2, 0, 1000)) // and the end
	f.tell(5, unknown)                            // of which nothing is known
	f.tell(4, f.chunk(1))                         // by a writer that was replaced
	f.tell(5, other)                              // of another run
	f.tell(5, slow)                               // not of this track
	f.tellEnd(5, gap)                             // given up: there are chunks of it
	f.tellEnd(5, testEnd(f.chunk(0), f.chunk(1))) // of two chunks
	f.publish(address{Track: "v1", Segment: 1, Chunk: 1, Part: -1}, "2,nonsense", []byte("x"))
	f.tell(5, f.chunk(1)) // the one
	f.has(2)
	require.Equal(t, f.chunk(1), f.read.chunks[21])
	require.Len(t, f.read.ends, 2)
	require.Equal(t, ReadStats{Fast: 1, Stale: 1, Malformed: 1}, f.stats(f.bus.ReadStats("news")))
}

func TestFastPathPutsPartsTogether(t *testing.T) {
	t.Parallel()
	f := startFast(t)
	part := func(c media.Chunk, i int) (address, string, []byte) {
		h := chunkHeader(5, c)
		h.Parts = 2
		value, err := h.encode(false)
		require.NoError(t, err)
		return address{Track: "v1", Segment: 1, Chunk: c.Index, Part: i}, value, c.Data[i*600 : min(i*600+600, 1000)]
	}
	stored := func(c media.Chunk, i int) {
		a, value, data := part(c, i)
		require.NoError(t, f.bus.put(testContext(t), newMsg(a.subject("news"), value, data)))
	}
	for i := range 2 {
		f.publish(part(f.chunk(1), i))
	}
	f.has(2)
	stored(f.chunk(1), 0)
	stored(f.chunk(1), 1)
	f.settled("the split chunk", func(s ReadStats) bool { return s == ReadStats{Fast: 1, Settled: 1} })

	stored(f.chunk(2), 0) // seen by the fast path too, before or after
	f.publish(part(f.chunk(2), 1))
	f.has(3)
	stored(f.chunk(2), 1)
	f.settled("the chunk of which the stream had a part", func(s ReadStats) bool { return s == ReadStats{Fast: 2, Settled: 2} })
	f.has(3)
	require.Equal(t, f.chunk(1), f.read.chunks[21])
	require.Equal(t, f.chunk(2), f.read.chunks[22])
}

// sameAsTheStream holds what the reader has in the end against what one has who is not on the fast path.
func (f *fast) sameAsTheStream() {
	plain := openBus(f.t, Config{URL: f.url, NoFastPath: true})
	r := read(f.t, plain, "news")
	r.wait(f.t, "what is stored", func() bool { return r.caughtUp == 1 })
	sorted := func(r *recorder) ([]media.Chunk, []media.SegmentEnd) {
		r.mu.Lock()
		defer r.mu.Unlock()
		chunks, ends := slices.Clone(r.chunks), slices.Clone(r.ends)
		slices.SortFunc(chunks, func(a, b media.Chunk) int {
			return cmp.Or(cmp.Compare(a.Track, b.Track), cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Index, b.Index))
		})
		slices.SortFunc(ends, func(a, b media.SegmentEnd) int {
			return cmp.Or(cmp.Compare(a.Track, b.Track), cmp.Compare(a.Segment, b.Segment))
		})
		return chunks, ends
	}
	wantChunks, wantEnds := sorted(r)
	f.read.wait(f.t, "as much", func() bool { return len(f.read.chunks) == len(wantChunks) && len(f.read.ends) == len(wantEnds) })
	chunks, ends := sorted(f.read)
	require.Equal(f.t, wantChunks, chunks)
	require.Equal(f.t, wantEnds, ends)
}

// A writer whose stream has no leader dies: its successor knows only what the stream has. What the stream has otherwise, or never, is taken back.
func TestStreamThatHasOtherThanTheFastPathHolds(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		goOn      func(f *fast)
		unsettled int64
		ends      int
	}{
		"a segment given up": {func(f *fast) {
			e := testEnd(f.chunk(0))
			e.Chunks, e.Bytes, e.Checksum, e.Keys = 0, 0, 0, media.Keys{}
			f.storeEnd(5, e)
		}, 3, 3},
		"another end": {func(f *fast) {
			f.store(6, f.chunk(1))
			f.storeEnd(6, testEnd(f.chunk(0), f.chunk(1)))
		}, 2, 3},
		"another chunk": {func(f *fast) {
			c := f.chunk(1)
			c.Data = append([]byte("other"), c.Data[5:]...)
			f.store(6, c)
			f.store(6, f.chunk(2))
			f.storeEnd(6, testEnd(f.chunk(0), c, f.chunk(2)))
		}, 3, 3},
		"another chunk in two parts": {func(f *fast) {
			c := f.chunk(1)
			c.Data = append([]byte("other"), c.Data[5:]...)
			for i, data := range [][]byte{c.Data[:600], c.Data[600:]} {
				part := c
				part.Data = data
				putChunk(f.t, f.bus, 6, part, i, 2)
			}
			f.storeEnd(6, testEnd(f.chunk(0), c))
		}, 3, 3},
		"more chunks": {func(f *fast) {
			var all []media.Chunk
			for i := range 5 {
				all = append(all, f.chunk(i))
				if i > 0 {
					f.store(6, all[i])
				}
			}
			f.storeEnd(6, testEnd(all...))
		}, 1, 3},
		"a chunk later than those behind it": {func(f *fast) { // it was lost on the way to a leader that left
			f.store(5, f.chunk(2))
			f.store(5, f.chunk(1))
			f.storeEnd(5, testEnd(f.chunk(0), f.chunk(1), f.chunk(2)))
		}, 0, 3},
		"another run": {func(f *fast) {
			w := acquire(f.t, f.bus, "news")
			run, inits := testRun(w.Resume().Run, w.Resume().Segment, timeline.Add(time.Minute))
			require.NoError(f.t, w.Run(run, inits))
			writeRow(f.t, w, run, run.First, 1000)
			closeWriter(f.t, w)
		}, 3, 6}, // the row is closed as the stream has it, and one of the new run; audio first: it has a gap
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := startFast(t)
			f.tell(5, f.chunk(1))
			f.tell(5, f.chunk(2))
			f.tellEnd(5, testEnd(f.chunk(0), f.chunk(1), f.chunk(2)))
			f.read.wait(t, "the end", func() bool { return len(f.read.ends) == 3 })
			c.goOn(f)
			f.read.wait(t, "what follows", func() bool { return len(f.read.ends) == c.ends })
			f.settled("settlement", func(s ReadStats) bool {
				return s.Unsettled == c.unsettled && s.Fast == s.Settled+s.Unsettled && s.Stale+s.Malformed == 0 // what is stored is published too
			})
			f.sameAsTheStream()
		})
	}
}

func TestEmbeddedBusHasNoFastPath(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.False(t, b.isFast())
	works(t, b)
	require.Zero(t, b.ReadStats("news").Fast)
}
