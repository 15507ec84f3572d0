package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// childNode makes the test program a node of a cluster that is to be killed.
const childNode = "WEIR_BUS_TEST_NODE"

// nodeUntilKilled runs the node that value describes.
func nodeUntilKilled(value string) {
	var cfg NodeConfig
	err := json.Unmarshal([]byte(value), &cfg)
	if err == nil {
		_, err = StartNode(context.Background(), cfg)
	}
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	select {}
}

// cluster is three nodes, each a process.
type cluster struct {
	t     *testing.T
	cfgs  []NodeConfig
	nodes []*exec.Cmd
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	addresses := unused(t, 6)
	c := &cluster{t: t, nodes: make([]*exec.Cmd, 3)}
	for i := range 3 {
		c.cfgs = append(c.cfgs, NodeConfig{
			Dir: t.TempDir(), Name: fmt.Sprint("n", i), Listen: addresses[i],
			Cluster: NodeCluster{Name: "weir", Listen: addresses[3+i], Routes: addresses[3:]},
		})
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.kill(i)
		}
	})
	return c
}

func (c *cluster) start(i int) {
	value, err := json.Marshal(c.cfgs[i])
	require.NoError(c.t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childNode+"="+string(value))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	require.NoError(c.t, cmd.Start())
	c.nodes[i] = cmd
}

func (c *cluster) kill(i int) {
	if cmd := c.nodes[i]; cmd != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		c.nodes[i] = nil
	}
}

func (c *cluster) url() string {
	return fmt.Sprintf("nats://%s,nats://%s,nats://%s", c.cfgs[0].Listen, c.cfgs[1].Listen, c.cfgs[2].Listen)
}

// open opens a bus once the cluster has a leader.
func (c *cluster) open(cfg Config) (b *Bus) {
	c.t.Helper()
	cfg.URL = c.url()
	eventually(c.t, "the cluster", func() (ok bool) {
		var err error
		b, err = Open(testContext(c.t), cfg)
		return err == nil
	})
	c.t.Cleanup(func() { require.NoError(c.t, b.Close()) })
	return b
}

// leader is which node leads the stream of a channel.
func (c *cluster) leader(b *Bus, channel string) int {
	c.t.Helper()
	i := -1
	eventually(c.t, "the stream's leader", func() bool {
		s, err := b.js.Stream(testContext(c.t), streamName(channel))
		if err == nil {
			i = slices.IndexFunc(c.cfgs, func(cfg NodeConfig) bool { return cfg.Name == s.CachedInfo().Cluster.Leader })
		}
		return i >= 0
	})
	return i
}

// live is a feed that goes on by the clock, and how readers keep up with it.
type live struct {
	w      *Writer
	run    media.Run
	cancel context.CancelFunc
	done   chan error
	mu     sync.Mutex
	rows   uint64 // that are written
	chunks int
}

const livePace = 20 * time.Millisecond // a chunk of each track, which lasts 200 ms

func startLive(t *testing.T, w *Writer) *live {
	t.Helper()
	run, inits := testRun(w.Resume().Run, w.Resume().Segment, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Target(3*time.Second))
	ctx, cancel := context.WithCancel(context.Background())
	l := &live{w: w, run: run, cancel: cancel, done: make(chan error, 1)}
	go func() { l.done <- l.write(ctx) }()
	return l
}

func (l *live) write(ctx context.Context) error {
	pace := time.NewTicker(livePace)
	defer pace.Stop()
	for n := l.run.First; ; n++ {
		chunks := map[string][]media.Chunk{}
		for i := range 10 {
			select {
			case <-pace.C:
			case <-ctx.Done():
				return nil
			}
			for _, track := range l.run.Tracks {
				c := testChunk(l.run, track.Name, n, i, 4000)
				chunks[track.Name] = append(chunks[track.Name], c)
				if err := l.w.Chunk(c); err != nil {
					return err
				}
				l.chunks++ // read when it has ended
			}
		}
		for _, track := range l.run.Tracks {
			if err := l.w.End(testEnd(chunks[track.Name]...)); err != nil {
				return err
			}
		}
		l.mu.Lock()
		l.rows++
		l.mu.Unlock()
	}
}

func (s *stopwatch) stood() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.longest
}

func (l *live) written() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rows
}

func (l *live) stop(t *testing.T) {
	t.Helper()
	l.cancel()
	require.NoError(t, <-l.done)
}

// stopwatch is a recorder that knows how long nothing new has come.
type stopwatch struct {
	*recorder
	last    time.Time
	longest time.Duration
}

func (s *stopwatch) Chunk(c media.Chunk) {
	s.recorder.Chunk(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !s.last.IsZero() {
		s.longest = max(s.longest, now.Sub(s.last))
	}
	s.last = now
}

// begin forgets how long it was so far.
func (s *stopwatch) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.longest = 0
}

// The node that leads a channel's stream is killed. Readers on the fast path go on; the stream settles all of it.
func TestLiveEdgeGoesOnWithoutALeader(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	ingest := c.open(Config{Role: Ingest, Replicas: 3})
	require.NoError(t, ingest.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, ingest, "news")
	feed := startLive(t, w)

	readers := map[string]*stopwatch{"fast": {recorder: newRecorder()}, "slow": {recorder: newRecorder()}}
	edges := map[string]*Bus{}
	for name, r := range readers {
		b := c.open(Config{Role: Edge, NoFastPath: name == "slow"})
		edges[name] = b
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- b.Read(ctx, "news", r) }()
		t.Cleanup(func() { cancel(); <-done })
		r.wait(t, "five rows", func() bool { return r.caughtUp == 1 && len(r.ends) >= 10 })
	}
	for _, r := range readers {
		r.begin()
	}
	c.kill(c.leader(ingest, "news"))
	have := func() int { return int(feed.written()) * 2 } // ends
	for name, r := range readers {
		at := have() + 10
		r.wait(t, "five rows after it", func() bool { return len(r.ends) >= at && time.Since(r.last) < time.Second })
		t.Logf("%s: stood still for %s", name, r.stood().Round(time.Millisecond))
	}
	feed.stop(t)
	closeWriter(t, w)
	want := have()
	for name, r := range readers {
		r.wait(t, "all rows", func() bool { return len(r.ends) == want && len(r.chunks) >= feed.chunks })
		require.Equal(t, feed.chunks, len(r.chunks), "each once")
		for n := feed.run.First; n < feed.run.First+feed.written(); n++ {
			for _, track := range []string{"v1", "a1"} {
				data, chunks := r.segment(track, n)
				e, ok := r.end(track, n)
				require.True(t, ok)
				require.Equal(t, e.Chunks, chunks)
				require.Equal(t, e.Checksum, crc32.Checksum(data, castagnoli))
			}
		}
		s := edges[name].ReadStats("news")
		t.Logf("%s: %+v", name, s)
		require.Zero(t, s.Unsettled)
	}
	eventually(t, "settlement", func() bool { s := edges["fast"].ReadStats("news"); return s.Settled == s.Fast && s.Fast > 0 })
	require.Zero(t, edges["slow"].ReadStats("news").Fast)
	s := w.Stats()
	require.Zero(t, s.DroppedSegments)
	t.Logf("sent again: %d of %d messages", s.Resent, s.StoredMessages)
}
