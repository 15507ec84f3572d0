package srt

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	gosrt "github.com/datarhei/gosrt"
)

const (
	// DefaultLatency is how long a packet may be on its way, retransmissions included, where neither end wants more.
	DefaultLatency = 120 * time.Millisecond
	// peerIdle is after what silence, keep-alives included, a peer is given up (draft-sharabayko-srt, 3.2.3: a keep-alive a second).
	peerIdle = 5 * time.Second
	// socketBuffer is what the kernel is asked to keep of what came in, in bytes: all connections share it, and key frames are bursts.
	socketBuffer = 8 << 20
)

// Listener is an open UDP port that speaks SRT.
type Listener struct {
	ln     gosrt.Listener
	traces *traces
}

// Listen opens HOST:PORT. latency is the least that connections have; 0: DefaultLatency.
func Listen(address string, latency time.Duration) (*Listener, error) {
	addr, err := net.ResolveUDPAddr("udp", address) // gosrt does not look names up
	if err != nil {
		return nil, err
	}
	host := ""
	if addr.IP != nil {
		host = (&net.IPAddr{IP: addr.IP, Zone: addr.Zone}).String()
	}
	l := &Listener{traces: &traces{}}
	cfg := gosrt.DefaultConfig()
	cfg.ReceiverLatency = latencyOr(latency)
	cfg.PeerIdleTimeout = peerIdle
	cfg.Logger = l.traces
	cfg.ListenerControl = socketOptions
	l.ln, err = gosrt.Listen("srt", net.JoinHostPort(host, fmt.Sprint(addr.Port)), cfg)
	if err != nil {
		return nil, fmt.Errorf("listen for srt on %s: %w", address, err)
	}
	return l, nil
}

func latencyOr(latency time.Duration) time.Duration {
	if latency == 0 {
		return DefaultLatency
	}
	return latency
}

// socketOptions makes a port that is used already an error, which gosrt does not, and room for bursts, as much as the system allows.
func socketOptions(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, socketBuffer)
	})
	if err != nil {
		return err
	}
	return failed
}

// Addr is where it listens.
func (l *Listener) Addr() net.Addr { return l.ln.Addr() }

// Close ends listening and all connections.
func (l *Listener) Close() { l.ln.Close() }

// traces takes what gosrt has to say. It calls in place, so that what it says of a handshake is there when it gives the request, or
// none, to the one goroutine that accepts.
type traces struct {
	log    atomic.Pointer[slog.Logger]
	failed atomic.Bool  // the handshake that is looked at is one to refuse
	told   atomic.Int64 // when the last warning was, in nanoseconds since the epoch
}

// HasTopic is for gosrt's own logger.
func (t *traces) HasTopic(topic string) bool { return topic == "handshake:recv:error" }

// Print is called with everything; only why handshakes fail is asked for.
func (t *traces) Print(topic string, _ uint32, _ int, message func() string) {
	if topic != "handshake:recv:error" {
		return
	}
	said := message()
	// gosrt answers that it refuses such a handshake, and goes on with it all the same.
	if strings.HasPrefix(said, "payload size is too small") {
		t.failed.Store(true)
	}
	log := t.log.Load()
	if log == nil {
		return
	}
	level, now, before := slog.LevelDebug, time.Now().UnixNano(), t.told.Load()
	if now-before > int64(time.Second) && t.told.CompareAndSwap(before, now) {
		level = slog.LevelWarn // the first of a flood is enough
	}
	log.Log(context.Background(), level, "handshake refused", "reason", said)
}

// Listen is for gosrt's own logger.
func (t *traces) Listen() <-chan gosrt.Log { return nil }

// Close is for gosrt's own logger.
func (t *traces) Close() {}
