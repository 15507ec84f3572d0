package bus

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// line stands between a client and a server. What was connected over it when it was cut stays open, and nothing comes through any more.
type line struct {
	to    string
	l     net.Listener
	wg    sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
	cut   chan struct{} // closed and replaced
}

func startLine(t *testing.T, to string) *line {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &line{to: to, l: l, cut: make(chan struct{})}
	s.wg.Go(s.accept)
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for _, c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s
}

func (s *line) accept() {
	for {
		from, err := s.l.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", s.to)
		if err != nil {
			from.Close()
			continue
		}
		s.mu.Lock()
		s.conns = append(s.conns, from, to)
		cut := s.cut
		s.mu.Unlock()
		s.wg.Go(func() { s.carry(from, to, cut) })
		s.wg.Go(func() { s.carry(to, from, cut) })
	}
}

// carry passes on what comes, until the line is cut.
func (s *line) carry(from, to net.Conn, cut chan struct{}) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		select {
		case <-cut:
			_, _ = io.Copy(io.Discard, from)
			return
		default:
		}
		if err == nil {
			_, err = to.Write(b[:n])
		}
		if err != nil {
			from.Close()
			to.Close()
			return
		}
	}
}

// fail cuts all that is connected.
func (s *line) fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.cut)
	s.cut = make(chan struct{})
}

// An edge whose NATS server does not answer any more, though the connection does not end, reads on over another one, and misses nothing.
func TestReaderLeavesAServerThatIsSilent(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	direct := openBus(t, Config{URL: o.url()})
	require.NoError(t, direct.SetChannel(testContext(t), "news", time.Hour))
	between := startLine(t, o.url()[len("nats://"):])
	w := acquire(t, direct, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Target(2*time.Second))
	writeRow(t, w, run, 0, 1000)
	far := openBus(t, Config{URL: "nats://" + between.l.Addr().String(), Role: Edge})
	r := read(t, far, "news")
	r.wait(t, "row 0", func() bool { return r.caughtUp == 1 && len(r.ends) == 2 })
	between.fail()
	since := time.Now()
	writeRow(t, w, run, 1, 1000)
	r.wait(t, "row 1", func() bool { return len(r.ends) == 4 })
	t.Logf("the reader stood still for %s", time.Since(since).Round(time.Millisecond))
	require.Len(t, r.chunks, 40)
	closeWriter(t, w)
}
