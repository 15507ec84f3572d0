package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"weir/ingest"
)

// Config is what a Server needs. Zero durations and counts stand for the defaults.
type Config struct {
	Listener net.Listener // closed by Run
	Ingest   ingest.Opener
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now

	HandshakeTimeout time.Duration // for everything before the first media byte; 10 s
	IdleTimeout      time.Duration // without a whole message; 30 s
	Connections      int           // at one time; more are closed at once; 1000
}

// Server takes feeds in over RTMP.
type Server struct {
	cfg Config
}

// New makes a server on a listener that is open already, so that a used port shows before anything runs.
func New(cfg Config) *Server {
	if cfg.HandshakeTimeout == 0 {
		cfg.HandshakeTimeout = 10 * time.Second
	}
	if cfg.IdleTimeout == 0 {
		cfg.IdleTimeout = 30 * time.Second
	}
	if cfg.Connections == 0 {
		cfg.Connections = 1000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Server{cfg: cfg}
}

// Run serves until ctx ends: then publishers are told, and Run returns nil when all connections are closed. Every other end is an
// error. Run is called once.
func (s *Server) Run(ctx context.Context) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = s.cfg.Listener.Close() })
	defer stop()

	slots := make(chan struct{}, s.cfg.Connections)
	for {
		nc, err := s.cfg.Listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if passing(err) {
				s.cfg.Log.Warn("connection not accepted", "err", err)
				if !pause(ctx, 100*time.Millisecond) {
					return nil
				}
				continue
			}
			_ = s.cfg.Listener.Close()
			return fmt.Errorf("accept rtmp connections on %s: %w", s.cfg.Listener.Addr(), err)
		}
		select {
		case slots <- struct{}{}:
		default:
			s.cfg.Log.Warn("connection refused: too many", "remote", nc.RemoteAddr().String(), "limit", s.cfg.Connections)
			_ = nc.Close()
			continue
		}
		conns.Go(func() {
			defer func() { <-slots }()
			s.serve(ctx, nc)
		})
	}
}

// serve is one connection, whatever happens on it.
func (s *Server) serve(ctx context.Context, nc net.Conn) {
	defer func() { _ = nc.Close() }()
	c := newConn(s.cfg, nc)
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("panic on a connection", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	wire := nc
	if secure, ok := nc.(*tls.Conn); ok {
		wire = secure.NetConn()
	}
	if tcp, ok := wire.(*net.TCPConn); ok {
		// A kernel buffer of a few frames lets the reader sleep longer, and a dead peer is found out.
		_ = tcp.SetReadBuffer(512 << 10)
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3})
	}
	err := c.serve(ctx)
	var r *refusal
	switch {
	case err == nil:
	case errors.As(err, &r) && r.cause == nil:
		c.log.Warn("connection refused", "reason", r.description)
	case errors.As(err, &r): // logged where it was decided
	default:
		c.log.Debug("connection closed", "reason", err)
	}
}

// passing tells whether to try again: out of file descriptors, or a connection that was gone before it was accepted.
func passing(err error) bool {
	return !errors.Is(err, net.ErrClosed) && errors.As(err, new(*net.OpError))
}

// pause waits; false: ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
