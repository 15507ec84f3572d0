package bus

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.Ready())
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	live := read(t, b, "news")
	live.wait(t, "an empty stream to be read", func() bool { return live.caughtUp == 1 })

	w := acquire(t, b, "news")
	require.Equal(t, Resume{Inits: map[string]media.Init{}, Rates: map[string]media.Rate{}}, w.Resume())
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	var sent []media.Chunk
	var ends []media.SegmentEnd
	for segment := range uint64(3) {
		for _, track := range []string{"v1", "a1"} {
			var chunks []media.Chunk
			for i := range 4 {
				c := testChunk(run, track, segment, i, 1000+i)
				require.NoError(t, w.Chunk(c))
				chunks = append(chunks, c)
			}
			sent = append(sent, chunks...)
			if segment == 0 && track == "v1" {
				require.NoError(t, w.Target(3*time.Second))
			}
			e := testEnd(chunks...)
			require.NoError(t, w.End(e))
			ends = append(ends, e)
		}
	}
	closeWriter(t, w)
	require.Zero(t, w.Stats().PendingMessages)

	late := read(t, b, "news")
	for name, r := range map[string]*recorder{"live": live, "late": late} {
		r.wait(t, "all ends", func() bool { return len(r.ends) == len(ends) && r.caughtUp == 1 })
		require.Equal(t, sent, r.chunks, name)
		require.Equal(t, ends, r.ends, name)
		require.Equal(t, []time.Duration{3 * time.Second}, r.targets, name)
		require.Equal(t, []media.Run{run}, r.runs, name)
		require.Equal(t, [][]media.Init{inits}, r.inits, name)
	}
	data, err := b.Init(testContext(t), "news", "a1", 1)
	require.NoError(t, err)
	require.Equal(t, inits[1].Data, data)
	_, err = b.Init(testContext(t), "news", "a1", 2)
	require.ErrorIs(t, err, ErrNotFound)

	w = acquire(t, b, "news")
	defer closeWriter(t, w)
	r := w.Resume()
	require.Equal(t, uint64(3), r.Segment)
	require.Equal(t, uint64(1), r.Run)
	require.Equal(t, 3*time.Second, r.Target)
	require.Equal(t, map[string]media.Init{"v1": inits[0], "a1": inits[1]}, r.Inits)
	require.Equal(t, testRates, r.Rates)
	require.Equal(t, ends[5].Start.Time(48000).Add(800*time.Millisecond), r.End)
}

func TestChunksOverTheServersLimitAreSplit(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	live := read(t, b, "news")
	w := acquire(t, b, "news")
	defer closeWriter(t, w)
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	var chunks []media.Chunk
	for i, size := range []int{w.limit, w.limit + 1, 2*w.limit + 1, 1} {
		c := testChunk(run, "v1", 0, i, max(size, 32))
		chunks = append(chunks, c)
		require.NoError(t, w.Chunk(c))
	}
	require.NoError(t, w.End(testEnd(chunks...)))
	live.wait(t, "the end", func() bool { return len(live.ends) == 1 })
	require.Equal(t, chunks, live.chunks)
	late := read(t, b, "news")
	late.wait(t, "the end", func() bool { return late.caughtUp == 1 })
	require.Equal(t, chunks, late.chunks)
	require.Zero(t, b.ReadStats("news").Malformed)
	require.Error(t, w.Chunk(testChunk(run, "v1", 1, 0, maxChunk+1)))
}

func TestReadGoesOnInAStreamMadeAnew(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	for i := range 2 {
		w := acquire(t, b, "news")
		require.Equal(t, uint64(0), w.Resume().Segment)
		require.NoError(t, w.Run(run, inits))
		writeRow(t, w, run, 0, 1000)
		r.wait(t, "the row", func() bool { return len(r.ends) == 2*(i+1) && len(r.chunks) == 20*(i+1) })
		closeWriter(t, w)
		require.NoError(t, b.DeleteChannel(testContext(t), "news"))
		require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	}
	require.Equal(t, 1, r.caughtUp)
	require.Equal(t, []media.Run{run, run}, r.runs)
}

func TestReadWaitsForTheChannel(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	r := read(t, b, "news")
	_, err := b.Acquire(testContext(t), "news")
	require.ErrorIs(t, err, ErrNoChannel)
	require.Error(t, b.SetChannel(testContext(t), "no.such", time.Hour))
	require.Error(t, b.SetChannel(testContext(t), "news", 0))
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	r.wait(t, "the channel to come", func() bool { return r.caughtUp == 1 })
	require.NoError(t, b.DeleteChannel(testContext(t), "other"))
}
