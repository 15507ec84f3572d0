package bus

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// unindexed is the max_age of a channel without an index.
const unindexed = indexFrom - time.Second

// indexed is how many messages the index of news has.
func indexed(t testing.TB, b *Bus) int {
	s, err := b.js.Stream(testContext(t), indexName("news"))
	require.NoError(t, err)
	return int(s.CachedInfo().State.Msgs)
}

// indexing is a channel that is written, and joined again and again.
type indexing struct {
	t       *testing.T
	in, out *Bus
	w       *Writer
	run     media.Run
	rows    int
}

// begin gives the channel a stream, and a writer that begins with row 0.
func (x *indexing) begin(maxAge time.Duration) {
	require.NoError(x.t, x.in.SetChannel(testContext(x.t), "news", maxAge))
	x.w = acquire(x.t, x.in, "news")
	var inits []media.Init
	x.run, inits = testRun(0, 0, timeline)
	require.NoError(x.t, x.w.Run(x.run, inits))
	require.NoError(x.t, x.w.Target(2*time.Second))
	x.rows = 0
}

// write stores rows with a signal each.
func (x *indexing) write(rows int) {
	for range rows {
		n := uint64(x.rows)
		writeRow(x.t, x.w, x.run, n, 500)
		require.NoError(x.t, x.w.Signal(testSignal(fmt.Sprint("s-", n), n)))
		x.rows++
	}
	eventually(x.t, "the stream", func() bool { return x.w.Stats().PendingMessages == 0 })
}

// check joins: everything is there, once and in order.
func (x *indexing) check(what string) {
	j := join(x.t, x.out, "news")
	j.wait(x.t, what, func() bool { return j.caughtUp == 1 })
	require.NotEmpty(x.t, j.stored, what)
	var want, got []string
	for n := range x.rows {
		want = append(want, fmt.Sprint("v1 ", n), fmt.Sprint("a1 ", n))
	}
	for _, e := range slices.Concat(j.stored, j.ends) {
		got = append(got, fmt.Sprint(e.Track, " ", e.Segment))
	}
	require.Equal(x.t, want, got, what)
	want, got = nil, nil
	for n := range x.rows {
		want = append(want, fmt.Sprint("s-", n))
	}
	for _, s := range j.signals {
		got = append(got, s.ID)
	}
	require.Equal(x.t, want, got, what)
}

// whole waits for an index of all that was written.
func (x *indexing) whole() {
	eventually(x.t, "the index", func() bool { return indexed(x.t, x.in) == 3*x.rows })
}

func (x *indexing) noIndex() {
	_, err := x.in.js.Stream(testContext(x.t), indexName("news"))
	require.ErrorIs(x.t, err, jetstream.ErrStreamNotFound)
}

// An index comes and goes with max_age, follows its stream, and is made anew with it. Until it is whole it does no harm.
func TestIndexIsOfItsStream(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	x := &indexing{t: t, in: b, out: b}
	x.begin(unindexed)
	x.write(20)
	x.noIndex()
	x.check("no index")
	require.NoError(t, b.SetChannel(testContext(t), "news", indexFrom))
	x.check("an index that has just been made")
	x.whole()
	x.check("an index that is whole")
	x.write(20)
	x.check("one that follows")
	x.whole()
	require.NoError(t, b.SetChannel(testContext(t), "news", 24*time.Hour))
	x.whole()
	x.check("one that keeps more")
	closeWriter(t, x.w)

	// Somebody has deleted the stream, but not its index.
	require.NoError(t, b.js.DeleteStream(testContext(t), streamName("news")))
	require.NoError(t, b.purgeRecords(testContext(t), "news.>"))
	x.begin(24 * time.Hour)
	x.write(30)
	x.check("another stream")
	x.whole()
	x.check("with an index of its own")
	require.NoError(t, b.SetChannel(testContext(t), "news", unindexed))
	x.noIndex()
	x.check("none any more")
	require.NoError(t, b.SetChannel(testContext(t), "news", indexFrom))
	x.whole()
	x.check("again one")
	closeWriter(t, x.w)
	require.NoError(t, b.DeleteChannel(testContext(t), "news"))
	x.noIndex()
}

// An index that does not follow its stream costs no end, and no signal.
func TestJoinWithAnIndexThatLags(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	x := &indexing{t: t, in: b, out: b}
	x.begin(indexFrom)
	x.write(20)
	x.whole()
	s, err := b.js.Stream(testContext(t), indexName("news"))
	require.NoError(t, err)
	cfg := s.CachedInfo().Config
	cfg.Sources, cfg.Subjects = nil, []string{"of.nobody"}
	_, err = b.js.UpdateStream(testContext(t), cfg)
	require.NoError(t, err)
	x.write(20)
	x.check("an index of the first half")
	require.Equal(t, 3*20, indexed(t, b), "it follows again")

	// One of a release that had no signals in it.
	cfg.Subjects, cfg.Sources = nil, []*jetstream.StreamSource{{Name: streamName("news"), FilterSubject: allEnds("news")}}
	require.NoError(t, b.removeIndex(testContext(t), "news"))
	_, err = b.js.CreateStream(testContext(t), cfg)
	require.NoError(t, err)
	eventually(t, "the old index", func() bool { return indexed(t, b) == 2*x.rows })
	x.check("an index without signals")
	require.NoError(t, b.SetChannel(testContext(t), "news", indexFrom))
	eventually(t, "signals in the index", func() bool { return indexed(t, b) >= 3*x.rows })
	x.check("an index whose signals came later")
	closeWriter(t, x.w)
}

// A server that ends while it fills an index goes on where it was.
func TestIndexOutlivesItsServer(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	x := &indexing{t: t, in: openBus(t, Config{URL: o.url(), Role: Ingest}), out: openBus(t, Config{URL: o.url(), Role: Edge})}
	x.begin(unindexed)
	x.write(300)
	closeWriter(t, x.w)
	require.NoError(t, x.in.SetChannel(testContext(t), "news", indexFrom))
	o.stop()
	o.start()
	eventually(t, "the server", func() bool { return x.in.Ready() == nil && x.out.Ready() == nil })
	x.check("an index that is being filled")
	x.whole()
	x.check("an index that was")
}
