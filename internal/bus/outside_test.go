package bus

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// outside is a NATS server on a port of its own, which can be stopped and started again.
type outside struct {
	t    *testing.T
	dir  string
	port int
	more func(*server.Options) // nil: nothing
	srv  *server.Server
}

func startOutside(t *testing.T) *outside { return startOutsideWith(t, nil) }

func startOutsideWith(t *testing.T, more func(*server.Options)) *outside {
	o := &outside{t: t, dir: t.TempDir(), port: server.RANDOM_PORT, more: more}
	o.start()
	t.Cleanup(o.stop)
	return o
}

func (o *outside) start() {
	o.t.Helper()
	opts := &server.Options{
		Host: "127.0.0.1", Port: o.port, NoSigs: true, NoLog: true, JetStream: true, StoreDir: o.dir,
		JetStreamMaxStore: 1 << 30, JetStreamMaxMemory: 64 << 20,
	}
	if o.more != nil {
		o.more(opts)
	}
	srv, err := server.NewServer(opts)
	require.NoError(o.t, err)
	srv.Start()
	require.True(o.t, srv.ReadyForConnections(deadline))
	o.srv, o.port = srv, srv.Addr().(*net.TCPAddr).Port
}

func (o *outside) stop() {
	o.srv.Shutdown()
	o.srv.WaitForShutdown()
}

func (o *outside) host() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)) }

func (o *outside) url() string { return o.srv.ClientURL() }

func TestOutsideServer(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	ingest := openBus(t, Config{URL: o.url(), Instance: "ingest-1"})
	edge := openBus(t, Config{URL: o.url()})
	require.NoError(t, ingest.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, edge, "news")
	w := acquire(t, ingest, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 1<<20) // with headers, over this server's payload limit of 1 MiB
	r.wait(t, "the row", func() bool { return len(r.ends) == 2 })
	data, chunks := r.segment("v1", 0)
	require.Equal(t, 10, chunks)
	require.Len(t, data, 10<<20)

	_, err := edge.Acquire(testContext(t), "news")
	require.ErrorIs(t, err, ErrTaken)
	require.ErrorContains(t, err, "ingest-1")
	again := openBus(t, Config{URL: o.url(), Instance: "ingest-1"})
	w2 := acquire(t, again, "news") // the same instance, started again
	require.Greater(t, w2.epoch, w.epoch)
	require.ErrorIs(t, w.lease.renew(testContext(t)), ErrLost)
	require.Equal(t, uint64(1), w2.Resume().Segment)
	closeWriter(t, w2)
	closeWriter(t, w)
}

func TestServerIsAwayForAWhile(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	b := openBus(t, Config{URL: o.url()})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, b, "news")
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 10000)
	r.wait(t, "the first row", func() bool { return len(r.ends) == 2 })
	o.stop()
	writeRow(t, w, run, 1, 10000)
	require.Equal(t, 3+20, w.Stats().PendingMessages, "the row and its state wait")
	require.Error(t, b.Ready())
	o.start()
	writeRow(t, w, run, 2, 10000)
	r.wait(t, "the other rows", func() bool { return len(r.ends) == 6 })
	var want []media.Chunk
	for n := range uint64(3) {
		for _, track := range []string{"v1", "a1"} {
			for i := range 10 {
				want = append(want, testChunk(run, track, n, i, 10000))
			}
		}
	}
	got := slices.Clone(r.chunks) // what the fast path misses of one track comes after what it has of the other
	for _, all := range [][]media.Chunk{want, got} {
		slices.SortStableFunc(all, func(a, b media.Chunk) int { return strings.Compare(a.Track, b.Track) })
	}
	require.Equal(t, want, got, "each once, in order")
	require.Equal(t, 1, r.caughtUp)
	require.Zero(t, w.Stats().DroppedSegments)
	closeWriter(t, w)
}

// With the server away for longer than a lease lasts, publishers were cut off.
func TestServerIsAwayForLongerThanALease(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	b := openBus(t, Config{URL: o.url(), LeaseTTL: time.Second})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, b, "news")
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 10000)
	r.wait(t, "the first row", func() bool { return len(r.ends) == 2 })
	o.stop()
	writeRow(t, w, run, 1, 10000)
	eventually(t, "the lease to expire", func() bool { return !w.lease.valid() })
	writeRow(t, w, run, 2, 10000)
	o.start()
	r.wait(t, "the other rows", func() bool { return len(r.ends) == 6 })
	require.Len(t, r.chunks, 60, "each once")
	require.Zero(t, w.Stats().DroppedSegments)
	require.NoError(t, w.usable())
	require.NoError(t, w.lease.renew(testContext(t)))
	_, err := openBus(t, Config{URL: o.url()}).Acquire(testContext(t), "news")
	require.ErrorIs(t, err, ErrTaken)
	closeWriter(t, w)
}

func TestExpiredLeaseIsLostWhereAnotherHasWritten(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	b := openBus(t, Config{URL: o.url()})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	defer closeWriter(t, w)
	require.NoError(t, b.leases.Purge(testContext(t), "news"))
	require.NoError(t, w.lease.renew(testContext(t)), "nobody has been there")

	require.NoError(t, b.leases.Purge(testContext(t), "news"))
	closeWriter(t, acquire(t, openBus(t, Config{URL: o.url()}), "news"))
	require.ErrorIs(t, w.lease.renew(testContext(t)), ErrLost)
	_, err := b.Holder(testContext(t), "news")
	require.ErrorIs(t, err, ErrNotFound, "and it is nobody's")
	select {
	case <-w.Lost():
	case <-time.After(deadline):
		t.Fatal("the loss was not noticed")
	}
}

func TestBacklogOverItsBoundGivesUpTheOldestSegment(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	const size = 10000
	b := openBus(t, Config{URL: o.url(), InFlight: 5 * size, Backlog: 45 * size})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, b, "news")
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, size)
	r.wait(t, "the first row", func() bool { return len(r.ends) == 2 })
	eventually(t, "acknowledgements", func() bool { return w.Stats().PendingMessages == 0 })
	o.stop()
	for n := range uint64(4) {
		writeRow(t, w, run, n+1, size)
	}
	// 80 chunks where 45 fit: four segments of ten had to go.
	s := w.Stats()
	require.Equal(t, int64(4), s.DroppedSegments)
	require.Equal(t, int64(40*size), s.DroppedBytes)
	require.LessOrEqual(t, s.PendingBytes, int64(45*size))
	o.start()
	r.wait(t, "all ends", func() bool { return len(r.ends) == 10 })
	for n := range uint64(5) {
		for _, track := range []string{"v1", "a1"} {
			e, ok := r.end(track, n)
			require.True(t, ok)
			var chunks []media.Chunk
			for i := range 10 {
				chunks = append(chunks, testChunk(run, track, n, i, size))
			}
			want := testEnd(chunks...)
			if n == 1 || n == 2 {
				want.Chunks, want.Bytes, want.Checksum, want.Keys = 0, 0, 0, media.Keys{}
			}
			require.Equal(t, want, e)
		}
	}
	require.Len(t, r.chunks, 60)
	closeWriter(t, w)
}
