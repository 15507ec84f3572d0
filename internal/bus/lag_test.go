package bus

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// gate is a Handler that lets chunks through while it is open.
type gate struct {
	*recorder
	open   chan struct{}
	closed <-chan struct{} // for good: the test has ended
}

func (g gate) Chunk(c media.Chunk) {
	select {
	case <-g.open:
	case <-g.closed:
	}
	g.recorder.Chunk(c)
}

// A reader that stands still while its stream goes on lags, and does no more when it has come after.
func TestLagOfAReaderThatStandsStill(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	for name, cfg := range map[string]Config{"embedded": {}, "outside": {URL: o.url()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBus(t, cfg)
			require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
			w := acquire(t, b, "news")
			run, inits := testRun(0, 0, timeline)
			require.NoError(t, w.Run(run, inits))
			writeRow(t, w, run, 0, 1000)
			ctx, cancel := context.WithCancel(testContext(t))
			g := gate{newRecorder(), make(chan struct{}), ctx.Done()}
			done := make(chan error, 1)
			go func() { done <- b.Read(ctx, "news", g) }()
			eventually(t, "a lag", func() bool { return b.Lag("news") > 0 })
			require.Zero(t, b.Lag("sport"))
			close(g.open)
			g.wait(t, "the row", func() bool { return len(g.ends) == 2 })
			eventually(t, "no lag", func() bool { return b.Lag("news") == 0 })
			closeWriter(t, w)
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
			require.Empty(t, b.lags)
		})
	}
}

// A stream that is asked, and a reader.
func TestLagIsThatOfTheStream(t *testing.T) {
	t.Parallel()
	made, now := timeline.Add(-time.Hour), timeline
	after := func(d time.Duration) time.Time { now = now.Add(d); return now }
	l := &lag{}
	l.see(made, 0, 0, now)
	require.Zero(t, l.behind, "nothing is there")
	l.see(made, 1, 10, after(time.Second))
	require.Zero(t, l.behind, "it has just come")
	require.Equal(t, now.Add(lagSoon), l.next)
	l.see(made, 1, 20, after(3*time.Second))
	require.Equal(t, 3*time.Second, l.behind)
	l.pass(9, after(time.Second))
	require.Equal(t, 3*time.Second, l.behind)
	l.pass(10, after(time.Second))
	require.Equal(t, 5*time.Second, l.behind, "that is how long it took")
	l.see(made, 1, 30, after(time.Second))
	require.Equal(t, 5*time.Second, l.behind, "of the next it is not known yet")
	l.pass(30, now)
	require.Zero(t, l.behind)
	l.see(made, 1, 30, after(time.Hour))
	require.Zero(t, l.behind, "nothing has come since")
	require.Equal(t, now.Add(lagEvery), l.next)

	l.see(made, 1, 40, now)
	l.see(made, 41, 40, after(time.Hour))
	require.Zero(t, l.behind, "what it lacked has expired")
	l.see(made, 41, 50, now)
	l.see(made, 41, 45, after(time.Hour))
	require.Zero(t, l.behind, "the stream has lost its end")
	l.pass(45, now)
	l.see(made, 41, 60, now)
	l.see(timeline, 1, 60, after(time.Hour))
	require.Zero(t, l.behind, "the stream is another")
	l.see(timeline, 1, 60, after(time.Minute))
	require.Equal(t, time.Minute, l.behind)
	l.forget()
	require.Zero(t, l.behind)
}

// An edge that has streams is ready though a channel has none yet.
func TestStreamThatIsMissingBesideOthers(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	edge := openBus(t, Config{URL: o.url(), Role: Edge})
	sport := read(t, edge, "sport")
	eventually(t, "the edge to say what it waits for", func() bool { return edge.Ready() != nil })
	ingest := openBus(t, Config{URL: o.url(), Role: Ingest})
	require.NoError(t, ingest.SetChannel(testContext(t), "news", time.Hour))
	news := read(t, edge, "news")
	news.wait(t, "the empty channel", func() bool { return news.caughtUp > 0 })
	eventually(t, "the edge to be ready", func() bool { return edge.Ready() == nil })
	require.NoError(t, ingest.SetChannel(testContext(t), "sport", time.Hour))
	sport.wait(t, "the other one", func() bool { return sport.caughtUp > 0 })
	require.NoError(t, edge.Ready())
}
