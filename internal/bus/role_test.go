package bus

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// things is the names of all streams of a server, those of buckets too.
func things(t *testing.T, b *Bus) []string {
	t.Helper()
	var all []string
	names := b.js.StreamNames(testContext(t))
	for name := range names.Name() {
		all = append(all, name)
	}
	require.NoError(t, names.Err())
	return all
}

func TestEdgeMakesNothingAndWaitsForWhatIsMissing(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	edge := openBus(t, Config{URL: o.url(), Role: Edge})
	require.NoError(t, edge.Ready())
	type bound struct {
		kv  jetstream.KeyValue
		err error
	}
	got := make(chan bound, 1)
	ctx := testContext(t)
	go func() {
		kv, err := edge.KV(ctx, "weir-catalog")
		got <- bound{kv, err}
	}()
	r := read(t, edge, "news")
	eventually(t, "the edge to say what it waits for", func() bool {
		err := edge.Ready()
		return err != nil && err.Error() == "bus: waiting for KV bucket weir-catalog: nats: bucket not found\n"+
			"bus: waiting for the stream of channel news: nats: API error: code=404 err_code=10059 description=stream not found"
	})
	require.Empty(t, things(t, edge))

	ingest := openBus(t, Config{URL: o.url(), Role: Ingest})
	_, err := ingest.KV(testContext(t), "weir-catalog")
	require.NoError(t, err)
	require.NoError(t, ingest.SetChannel(testContext(t), "news", time.Hour))
	b := <-got
	require.NoError(t, b.err)
	require.Equal(t, "weir-catalog", b.kv.Bucket())
	w := acquire(t, ingest, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 10000)
	r.wait(t, "the row", func() bool { return len(r.ends) == 2 })
	require.NoError(t, edge.Ready())
	closeWriter(t, w)
}

func TestEdgeDoesNotWrite(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	ingest := openBus(t, Config{URL: o.url()})
	require.NoError(t, ingest.SetChannel(testContext(t), "news", time.Hour))
	edge := openBus(t, Config{URL: o.url(), Role: Edge})
	require.ErrorIs(t, edge.SetChannel(testContext(t), "news", time.Minute), ErrRole)
	require.ErrorIs(t, edge.DeleteChannel(testContext(t), "news"), ErrRole)
	_, err := edge.Acquire(testContext(t), "news")
	require.ErrorIs(t, err, ErrRole)
	s, err := ingest.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)
	require.Equal(t, time.Hour, s.CachedInfo().Config.MaxAge)
}

func TestEdgeStopsWaitingWhenItIsTold(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	edge := openBus(t, Config{URL: o.url(), Role: Edge})
	ctx, cancel := context.WithCancel(testContext(t))
	got := make(chan error, 2)
	wait := func(ctx context.Context) {
		_, err := edge.KV(ctx, "weir-catalog")
		got <- err
	}
	waits := func() bool { return edge.Ready() != nil }
	go wait(ctx)
	eventually(t, "the edge to wait", waits)
	cancel()
	require.ErrorIs(t, <-got, context.Canceled)
	require.NoError(t, edge.Ready(), "nobody waits any more")
	go wait(testContext(t))
	eventually(t, "the edge to wait", waits)
	require.NoError(t, edge.Close())
	require.ErrorIs(t, <-got, ErrClosed)
}

func TestRolesOfTheirOwnNeedAnOutsideServer(t *testing.T) {
	t.Parallel()
	for _, role := range []Role{Ingest, Edge} {
		require.Contains(t, refused(t, Config{Dir: t.TempDir(), Role: role}), "no NATS URL")
	}
}
