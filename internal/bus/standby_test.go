package bus

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// pair is two processes on one NATS, the first of which writes.
type pair struct {
	first, second *Bus
	writer        *Writer
	run           media.Run
	seen          *recorder
}

// rows of the run that are whole: those that a run is gone on with need.
const wholeRows = 3

func newPair(t *testing.T) *pair {
	t.Helper()
	url := startOutside(t).url()
	p := &pair{first: openBus(t, Config{URL: url, Instance: "first"}), second: openBus(t, Config{URL: url, Instance: "second"})}
	require.NoError(t, p.first.SetChannel(testContext(t), "news", time.Hour))
	p.seen = read(t, p.second, "news")
	p.writer = acquire(t, p.first, "news")
	require.NoError(t, p.writer.Share())
	run, inits := testRun(0, 0, timeline)
	p.run = run
	require.NoError(t, p.writer.Target(2*time.Second))
	require.NoError(t, p.writer.Run(run, inits))
	for n := range uint64(wholeRows) {
		writeRow(t, p.writer, run, n, 500)
	}
	return p
}

// chunks has the writer send chunks of a row, and waits until they are stored.
func (p *pair) chunks(t *testing.T, track string, row uint64, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		require.NoError(t, p.writer.Chunk(testChunk(p.run, track, row, i, 500)))
	}
}

func (p *pair) stored(t *testing.T) {
	t.Helper()
	eventually(t, "acknowledgements", func() bool { return p.writer.Stats().PendingMessages == 0 })
}

// seize takes the channel from the writer, who is there and does not know of it.
func (p *pair) seize(t *testing.T) *Writer {
	t.Helper()
	h, err := p.second.Holder(testContext(t), "news")
	require.NoError(t, err)
	require.Equal(t, "first", h.Instance)
	w, err := p.second.Continue(testContext(t), "news", &h)
	require.NoError(t, err)
	t.Cleanup(func() { closeWriter(t, w) })
	return w
}

// feed gives a continuation rows as they are made of the same feed, up to the last one, which stays open after so many chunks.
func (p *pair) feed(t *testing.T, c *Continuation, from, last uint64, open int) {
	t.Helper()
	for n := from; n <= last; n++ {
		for _, track := range p.run.Tracks {
			var made []media.Chunk
			for i := range 10 {
				if n == last && i == open {
					break
				}
				ch := testChunk(p.run, track.Name, n, i, 500)
				made = append(made, ch)
				require.NoError(t, c.Chunk(ch))
			}
			if n < last {
				require.NoError(t, c.End(testEnd(made...)))
			}
		}
	}
}

// whole checks that a reader has had each chunk of the rows once, in their order, and the ends that these make.
func (p *pair) whole(t *testing.T, rows uint64) {
	t.Helper()
	p.seen.wait(t, "the rows", func() bool { return uint64(len(p.seen.ends)) >= 2*rows })
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	require.Len(t, p.seen.runs, 1)
	for _, track := range p.run.Tracks {
		for n := range rows {
			var got []int
			var made []media.Chunk
			for _, c := range p.seen.chunks {
				if c.Track == track.Name && c.Segment == n {
					require.Equal(t, testChunk(p.run, track.Name, n, c.Index, 500).Data, c.Data)
					got = append(got, c.Index)
				}
			}
			for i := range 10 {
				made = append(made, testChunk(p.run, track.Name, n, i, 500))
			}
			require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, got, "row %d of %s", n, track.Name)
			e, ok := p.seen.end(track.Name, n)
			require.True(t, ok)
			want := testEnd(made...)
			require.Equal(t, want.Checksum, e.Checksum)
			require.Equal(t, want.Chunks, e.Chunks)
		}
	}
}

func TestRunIsGoneOnWithInTheMiddleOfARow(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.chunks(t, "v1", 3, 0, 6)
	p.chunks(t, "a1", 3, 0, 4)
	p.stored(t)
	w := p.seize(t)
	require.Greater(t, w.epoch, p.writer.epoch)
	c := w.Continuation()
	require.NotNil(t, c)
	require.Equal(t, p.run, c.Run)
	require.Len(t, c.Ends, 2)
	require.Equal(t, uint64(2), c.Ends[0].Segment)
	require.Equal(t, c.Ends[1].Start+c.Ends[1].Duration, c.Decoded[1])
	require.Equal(t, testChunk(p.run, "v1", 3, 0, 1).Anchor, c.Anchor)
	require.False(t, c.Met())
	require.Equal(t, uint64(4), w.Resume().Segment)
	p.feed(t, c, 3, 6, 1)
	require.True(t, c.Met())
	p.whole(t, 6)
	require.Zero(t, w.Stats().DroppedSegments)
}

// One track's row has ended, and it is in the next, when the writer dies.
func TestRunIsGoneOnWithBetweenTheEndsOfARow(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.chunks(t, "v1", 3, 0, 10)
	var made []media.Chunk
	for i := range 10 {
		made = append(made, testChunk(p.run, "v1", 3, i, 500))
	}
	p.chunks(t, "a1", 3, 0, 9)
	require.NoError(t, p.writer.End(testEnd(made...)))
	p.chunks(t, "v1", 4, 0, 2)
	p.stored(t)
	c := p.seize(t).Continuation()
	require.NotNil(t, c)
	p.feed(t, c, 3, 6, 1)
	p.whole(t, 6)
}

// Nothing of the next row is stored: the row before tells whether it is the same feed.
func TestRunIsGoneOnWithAtTheEndOfARow(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.stored(t)
	c := p.seize(t).Continuation()
	require.NotNil(t, c)
	require.Equal(t, uint64(1), c.Ends[0].Segment)
	p.feed(t, c, 2, 5, 1)
	p.whole(t, 5)
}

// What the writer before sends when it wakes up is what is to be there: nothing is lost by it, and nothing comes twice.
func TestWriterThatWakesUpHarmsNothing(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.chunks(t, "v1", 3, 0, 6)
	p.stored(t)
	w := p.seize(t)
	p.writer.lease.mu.Lock() // as if it had been stopped for a while, and has not noticed yet
	p.writer.lease.alive = time.Now().Add(-absent)
	p.writer.lease.mu.Unlock()
	c := w.Continuation()
	for i := range 7 {
		require.NoError(t, c.Chunk(testChunk(p.run, "v1", 3, i, 500)))
	}
	eventually(t, "acknowledgements", func() bool { return w.Stats().PendingMessages == 0 })
	putChunk(t, p.first, p.writer.epoch, testChunk(p.run, "v1", 3, 7, 500), -1, 0) // had left before it was stopped
	_ = p.writer.Chunk(testChunk(p.run, "v1", 3, 8, 400))                          // other bytes: they must not come to be stored
	var made []media.Chunk
	for i := range 10 {
		made = append(made, testChunk(p.run, "v1", 3, i, 500))
		if i >= 7 {
			require.NoError(t, c.Chunk(made[i]))
		}
	}
	require.NoError(t, c.End(testEnd(made...)))
	p.seen.wait(t, "the rows", func() bool { _, ok := p.seen.end("v1", 3); return ok })
	select {
	case <-p.writer.Lost():
	case <-time.After(deadline):
		t.Fatal("the writer before does not notice that it has been replaced")
	}
	_ = p.writer.Close(testContext(t)) // not all is stored, if it took anything at all
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	data, chunks := p.seen.segment("v1", 3)
	e, _ := p.seen.end("v1", 3)
	require.Equal(t, 10, chunks)
	require.Equal(t, e.Bytes, int64(len(data)))
	require.Zero(t, w.Stats().DroppedSegments)
}

func TestOtherFeedIsToldFromTheRun(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.chunks(t, "v1", 3, 0, 3)
	p.stored(t)
	w := p.seize(t)
	c := w.Continuation()
	require.NoError(t, c.Chunk(testChunk(p.run, "v1", 3, 5, 500)))
	require.ErrorIs(t, c.Chunk(testChunk(p.run, "v1", 3, 0, 501)), ErrDiffers)
	require.ErrorIs(t, c.Chunk(testChunk(p.run, "v1", 3, 1, 500)), ErrDiffers, "for good")
	require.NoError(t, w.Break(testContext(t)))
	require.Nil(t, w.Continuation())
	require.Equal(t, uint64(4), w.Resume().Segment)
	require.Equal(t, uint64(1), w.Resume().Run)
	run, inits := testRun(1, 4, timeline.Add(time.Minute))
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 4, 500)
	p.seen.wait(t, "the next run", func() bool { return len(p.seen.ends) == 10 && len(p.seen.runs) == 2 })
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	e, _ := p.seen.end("v1", 3)
	require.Equal(t, 3, e.Chunks, "nothing of what was tried is there")
}

// The first rows of a run cannot be gone on with: then all is as for any writer that takes over.
func TestFirstRowIsClosed(t *testing.T) {
	t.Parallel()
	url := startOutside(t).url()
	a, b := openBus(t, Config{URL: url, Instance: "a"}), openBus(t, Config{URL: url, Instance: "b"})
	require.NoError(t, a.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, a, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Chunk(testChunk(run, "v1", 0, 0, 100)))
	closeWriter(t, w)
	_, err := b.Holder(testContext(t), "news")
	require.ErrorIs(t, err, ErrNotFound)
	w, err = b.Continue(testContext(t), "news", nil)
	require.NoError(t, err)
	require.Nil(t, w.Continuation())
	require.Equal(t, uint64(1), w.Resume().Segment)
	closeWriter(t, w)
}

func TestWriterAnswersThoseWhoStandBy(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	require.Empty(t, p.writer.Follower())
	var a Answer
	eventually(t, "an answer", func() bool {
		var err error
		a, err = p.second.Ask(testContext(t), "news", News, true)
		return err == nil
	})
	require.Equal(t, "first", a.Instance)
	require.Equal(t, p.writer.epoch, a.Epoch)
	require.Equal(t, "second", p.writer.Follower())
	select {
	case <-p.writer.Yield():
		t.Fatal("nobody has asked for that")
	default:
	}
	_, err := p.second.Ask(testContext(t), "news", Turn, true)
	require.NoError(t, err)
	<-p.writer.Yield()
	_, err = p.second.Continue(testContext(t), "news", nil)
	require.ErrorIs(t, err, ErrTaken)
	closeWriter(t, p.writer)
	_, err = p.second.Ask(testContext(t), "news", News, true)
	require.ErrorIs(t, err, ErrNoAnswer)
	_, err = p.second.Holder(testContext(t), "news")
	require.ErrorIs(t, err, ErrNotFound)
	w, err := p.second.Continue(testContext(t), "news", nil)
	require.NoError(t, err)
	require.NotNil(t, w.Continuation())
	closeWriter(t, w)
}
