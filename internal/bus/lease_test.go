package bus

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

func TestSecondPublisherIsRefused(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{Instance: "here"})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	_, err := b.Acquire(testContext(t), "news")
	require.ErrorIs(t, err, ErrTaken)
	require.ErrorContains(t, err, `"here"`)
	first := w.Stats().Epoch
	closeWriter(t, w)
	w = acquire(t, b, "news")
	require.Greater(t, w.Stats().Epoch, first)
	closeWriter(t, w)
	require.NoError(t, w.Close(testContext(t)), "again")
	_, err = b.Acquire(testContext(t), "sport")
	require.ErrorIs(t, err, ErrNoChannel)
	_, err = b.Acquire(testContext(t), "news.*")
	require.Error(t, err)
}

func TestLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{LeaseTTL: 3 * time.Second})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	revision := func() uint64 {
		w.lease.mu.Lock()
		defer w.lease.mu.Unlock()
		return w.lease.revision
	}
	eventually(t, "five renewals", func() bool { return revision() >= w.lease.epoch+5 })
	e, err := b.leases.Get(testContext(t), "news")
	require.NoError(t, err)
	require.Contains(t, string(e.Value()), b.cfg.Instance)
	require.NoError(t, w.usable())
	closeWriter(t, w)
	_, err = b.leases.Get(testContext(t), "news")
	require.ErrorIs(t, err, jetstream.ErrKeyNotFound)
}

func TestLostLeaseStopsTheWriter(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{LeaseTTL: 3 * time.Second})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	_, err := b.leases.Put(testContext(t), "news", []byte(`{"instance":"thief"}`))
	require.NoError(t, err)
	select {
	case <-w.Lost():
	case <-time.After(deadline):
		t.Fatal("the loss was not noticed")
	}
	run, inits := testRun(0, 0, timeline)
	require.ErrorIs(t, w.Run(run, inits), ErrLost)
	require.ErrorIs(t, w.Chunk(testChunk(run, "v1", 0, 0, 100)), ErrLost)
	require.ErrorIs(t, w.End(testEnd(testChunk(run, "v1", 0, 0, 100))), ErrLost)
	require.NoError(t, w.Close(testContext(t)))
}

func TestAnswerToARenewalThatWasLost(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	defer closeWriter(t, w)
	rev, err := b.leases.Update(testContext(t), "news", w.lease.value, w.lease.epoch)
	require.NoError(t, err)
	require.NoError(t, w.lease.renew(testContext(t)), "the revision has moved, but the lease is ours")
	require.Equal(t, rev, w.lease.revision)
	_, err = b.leases.Put(testContext(t), "news", []byte(`{}`))
	require.NoError(t, err)
	require.ErrorIs(t, w.lease.renew(testContext(t)), ErrLost)
}

func TestOlderEpochsAreDropped(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	live := read(t, b, "news")
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 100)
	closeWriter(t, w)
	stale := w.epoch

	w = acquire(t, b, "news")
	run2, inits := testRun(1, 1, timeline.Add(time.Minute))
	require.NoError(t, w.Run(run2, inits))
	require.NoError(t, w.Chunk(testChunk(run2, "v1", 1, 0, 100)))
	live.wait(t, "the new writer", func() bool { return len(live.chunks) == 21 })
	// What a writer that does not know of its end may still send.
	for i := range 3 {
		c := testChunk(run, "v1", 0, 10+i, 100)
		value, err := chunkHeader(stale, c).encode(false)
		require.NoError(t, err)
		a := address{Track: "v1", Segment: 0, Chunk: c.Index, Part: -1}
		require.NoError(t, b.put(testContext(t), newMsg(a.subject("news"), value, c.Data)))
	}
	last := testChunk(run2, "v1", 1, 1, 100)
	require.NoError(t, w.Chunk(last))
	live.wait(t, "the last chunk", func() bool { return len(live.chunks) == 22 })
	require.Equal(t, last, live.chunks[21])
	require.Equal(t, int64(3), b.ReadStats("news").Stale)
	require.NoError(t, w.Close(testContext(t)))

	w = acquire(t, b, "news") // the newest message of a track is not what counts, but the highest number
	require.Equal(t, uint64(2), w.Resume().Segment)
	require.Equal(t, uint64(2), w.Resume().Run)
	closeWriter(t, w)
}

func TestStateOutlivesTheStream(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Target(2*time.Second))
	writeRow(t, w, run, 0, 100)
	writeRow(t, w, run, 1, 100)
	closeWriter(t, w)
	first := w.epoch
	s, err := b.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)
	require.NoError(t, s.Purge(testContext(t)))
	_, err = b.leases.Status(testContext(t))
	require.NoError(t, err)

	w = acquire(t, b, "news")
	r := w.Resume()
	require.Equal(t, uint64(2), r.Segment)
	require.Equal(t, uint64(1), r.Run)
	require.Equal(t, timeline.Add(4*time.Second), r.End)
	require.Zero(t, r.Target, "no window is kept")
	require.Equal(t, inits[0], r.Inits["v1"])
	require.Greater(t, w.epoch, first)

	// A new run makes the old one's records superfluous, but for the init segments that are the newest.
	run, inits = testRun(1, 2, timeline.Add(time.Minute))
	run.Tracks = run.Tracks[:1]
	run.Tracks[0].Init, inits[0].Version, inits[0].Data = 2, 2, []byte("another")
	require.NoError(t, w.Run(run, inits[:1]))
	require.NoError(t, w.Chunk(testChunk(run, "v1", 2, 0, 100)))
	eventually(t, "the old records to go", func() bool {
		_, err1 := b.record(testContext(t), runKey("news", 0))
		_, err2 := b.record(testContext(t), initKey("news", "v1", 1))
		return err1 != nil && err2 != nil
	})
	closeWriter(t, w)
	w = acquire(t, b, "news")
	require.Equal(t, inits[0], w.Resume().Inits["v1"])
	require.Equal(t, uint32(1), w.Resume().Inits["a1"].Version)
	closeWriter(t, w)
}
