package bus

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

func TestReaderGetsOverHostileMessages(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	live := read(t, b, "news")
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	first := testChunk(run, "v1", 0, 0, 100)
	require.NoError(t, w.Chunk(first))
	live.wait(t, "the first chunk", func() bool { return len(live.chunks) == 1 })
	for _, m := range []*nats.Msg{
		{Subject: "weir.live.news.x", Data: []byte("no header")},
		{Subject: "weir.live.news.v1.0.1", Header: nats.Header{headerName: {"1,1,1"}}, Data: []byte("short header")},
		{Subject: "weir.live.news.v1.5.end", Data: []byte("payload")},
	} {
		require.NoError(t, b.put(testContext(t), m))
	}
	putChunk(t, b, w.epoch, testChunk(media.Run{ID: 99, Start: timeline, Tracks: run.Tracks}, "v1", 7, 0, 100), -1, 0) // no such run
	lost := testChunk(run, "v1", 8, 0, 100)
	lost.Track = "v9"
	putChunk(t, b, w.epoch, lost, -1, 0)
	slow := testChunk(run, "v1", 9, 0, 100)
	slow.Timescale = 1
	putChunk(t, b, w.epoch, slow, -1, 0)
	last := testChunk(run, "v1", 0, 2, 100)
	require.NoError(t, w.Chunk(last))
	live.wait(t, "the last chunk", func() bool { return len(live.chunks) == 2 })
	require.Equal(t, []media.Chunk{first, last}, live.chunks)
	s := b.ReadStats("news")
	require.Equal(t, int64(4), s.Malformed)
	require.Equal(t, int64(2), s.Unknown)
	closeWriter(t, w)

	_, err := b.js.Publish(testContext(t), "weir.live.news.zz", []byte("last of all"))
	require.NoError(t, err)
	w = acquire(t, b, "news")
	require.Equal(t, uint64(1), w.Resume().Segment)
	live.wait(t, "the open segment to be closed all the same", func() bool { return len(live.ends) == 2 })
	closeWriter(t, w)
}

func TestWriterRefusesWhatReadersWould(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	defer closeWriter(t, w)
	run, inits := testRun(0, 0, timeline)
	require.Error(t, w.Run(run, inits[:1]), "an init segment is missing")
	require.Error(t, w.Run(media.Run{}, nil))
	require.Error(t, w.Target(0))
	for _, change := range []func(c *media.Chunk){
		func(c *media.Chunk) { c.Track = "V.1" },
		func(c *media.Chunk) { c.Segment = 1 << 53 },
		func(c *media.Chunk) { c.Index = -1 },
		func(c *media.Chunk) { c.Index = 1 << 16 },
		func(c *media.Chunk) { c.Timescale = 0 },
		func(c *media.Chunk) { c.Start = -1 },
		func(c *media.Chunk) { c.Data = nil },
	} {
		c := testChunk(run, "v1", 0, 0, 100)
		change(&c)
		require.Error(t, w.Chunk(c))
	}
	require.Error(t, w.End(media.SegmentEnd{Track: "v1", Timescale: 1, Bytes: 1}), "a gap with bytes")
	require.Zero(t, w.Stats().PendingMessages)
}
