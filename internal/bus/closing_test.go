package bus

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// putChunk stores a chunk, or one part of it, as a writer of that epoch would.
func putChunk(t *testing.T, b *Bus, epoch uint64, c media.Chunk, part, parts int) {
	t.Helper()
	h := chunkHeader(epoch, c)
	h.Parts = parts
	value, err := h.encode(false)
	require.NoError(t, err)
	a := address{Track: c.Track, Segment: c.Segment, Chunk: c.Index, Part: part}
	require.NoError(t, b.put(testContext(t), newMsg(a.subject("news"), value, c.Data)))
}

// abandoned is a channel whose writer has left two whole rows and then whatever leave does, with no end.
func abandoned(t *testing.T, leave func(w *Writer, run media.Run)) (*Bus, media.Run) {
	t.Helper()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 100)
	writeRow(t, w, run, 1, 100)
	leave(w, run)
	closeWriter(t, w)
	return b, run
}

// closedRows acquires the channel and returns what a reader then has, with the writer's resume.
func closedRows(t *testing.T, b *Bus, ends int) (*recorder, Resume) {
	t.Helper()
	w := acquire(t, b, "news")
	closeWriter(t, w)
	r := read(t, b, "news")
	r.wait(t, "the rows", func() bool { return r.caughtUp == 1 })
	require.Len(t, r.ends, ends)
	return r, w.Resume()
}

func TestOpenSegmentOfSplitChunksIsClosed(t *testing.T) {
	t.Parallel()
	var whole media.Chunk
	b, run := abandoned(t, func(w *Writer, run media.Run) {
		whole = testChunk(run, "v1", 2, 0, 9<<20)
		require.NoError(t, w.Chunk(whole))
		half := testChunk(run, "v1", 2, 1, 1000)
		putChunk(t, w.bus, w.epoch, half, 0, 2)
	})
	r, res := closedRows(t, b, 6)
	e, _ := r.end("v1", 2)
	require.Equal(t, testEnd(whole), e, "the chunk of which a part is missing does not count")
	audio, _ := r.end("a1", 2)
	require.True(t, audio.Gap())
	require.Equal(t, media.Ticks(9600), audio.Duration)
	require.Equal(t, uint64(3), res.Segment)
	require.Equal(t, run.Start.Add(4200*time.Millisecond), res.End)
}

func TestRowWithoutAFirstChunkIsClosedAsAGap(t *testing.T) {
	t.Parallel()
	b, _ := abandoned(t, func(w *Writer, run media.Run) {
		require.NoError(t, w.Chunk(testChunk(run, "v1", 2, 1, 100)))
	})
	r, res := closedRows(t, b, 6)
	for _, track := range []string{"v1", "a1"} {
		e, _ := r.end(track, 2)
		require.True(t, e.Gap())
		require.Equal(t, 2*time.Second, e.Duration.Duration(e.Timescale), "as long as the row before")
	}
	require.Equal(t, uint64(3), res.Segment)
}

func TestRowThatOneTrackHasEndedIsClosed(t *testing.T) {
	t.Parallel()
	var audio media.Chunk
	b, _ := abandoned(t, func(w *Writer, run media.Run) {
		var chunks []media.Chunk
		for i := range 10 {
			chunks = append(chunks, testChunk(run, "v1", 2, i, 100))
			require.NoError(t, w.Chunk(chunks[i]))
		}
		require.NoError(t, w.End(testEnd(chunks...)))
		audio = testChunk(run, "a1", 3, 0, 100) // and none of row 2
		require.NoError(t, w.Chunk(audio))
	})
	r, res := closedRows(t, b, 8)
	gap, _ := r.end("a1", 2)
	require.True(t, gap.Gap())
	require.Equal(t, testAnchor(media.Run{Start: timeline}, 2), gap.Anchor, "that of the row")
	require.Equal(t, testRates["a1"], gap.Rate, "as measured before")
	require.Equal(t, testRates, res.Rates)
	require.Equal(t, -150*time.Millisecond, res.Shift)
	require.Equal(t, media.Ticks(96000), gap.Duration)
	e, _ := r.end("a1", 3)
	require.Equal(t, testEnd(audio), e)
	video, _ := r.end("v1", 3)
	require.True(t, video.Gap())
	require.Equal(t, media.Ticks(18000), video.Duration)
	require.Equal(t, uint64(4), res.Segment)
}

func TestLateMessageOfAnOldWriterHidesNothing(t *testing.T) {
	t.Parallel()
	b, old := abandoned(t, func(*Writer, media.Run) {})
	w := acquire(t, b, "news")
	run, inits := testRun(1, 2, timeline.Add(time.Minute))
	require.NoError(t, w.Run(run, inits))
	open := testChunk(run, "v1", 2, 0, 100)
	require.NoError(t, w.Chunk(open))
	eventually(t, "the chunk to be stored", func() bool { return w.Stats().PendingMessages == 0 })
	putChunk(t, b, w.epoch-1, testChunk(old, "v1", 1, 10, 100), -1, 0)
	closeWriter(t, w)
	r, res := closedRows(t, b, 6)
	e, _ := r.end("v1", 2)
	require.Equal(t, testEnd(open), e)
	require.Equal(t, uint64(3), res.Segment)
	require.Equal(t, uint64(2), res.Run)
	require.Error(t, w.Chunk(open), "closed")
}

func TestStateThatRanAheadLeavesNoHole(t *testing.T) {
	t.Parallel()
	b, _ := abandoned(t, func(w *Writer, _ media.Run) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.state.Segment, w.state.Run = 3, 2 // of a run whose first chunk was never stored
		require.NoError(t, w.putState())
	})
	run, _ := testRun(1, 2, timeline.Add(time.Minute))
	w := acquire(t, b, "news")
	require.Equal(t, uint64(2), w.Resume().Segment)
	require.Equal(t, uint64(1), w.Resume().Run)
	_, inits := testRun(1, 2, timeline)
	require.NoError(t, w.Run(run, inits))
	closeWriter(t, w)
	_, res := closedRows(t, b, 4)
	require.Equal(t, uint64(2), res.Segment)
	require.Equal(t, uint64(1), res.Run)
	require.Equal(t, timeline.Add(4*time.Second), res.End)
}
