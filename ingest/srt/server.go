package srt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"weir/ingest"
	"weir/internal/catalog"
)

// Channels tells the settings of channels. *catalog.Catalog does.
type Channels interface {
	Channel(id string) (catalog.Channel, bool)
}

// Config is what a Server needs. Zero durations and counts stand for the defaults.
type Config struct {
	Listener   *Listener // closed by Run
	Ingest     ingest.Opener
	Catalog    Channels
	Passphrase string // of channels that have none of their own; "": they are not encrypted. A secret
	Log        *slog.Logger
	Now        func() time.Time

	HandshakeTimeout time.Duration // to open the feed, and then to the first packet of media; 10 s
	IdleTimeout      time.Duration // without a packet of media; 30 s
	Connections      int           // at one time; more are refused; 1000
	BufferBytes      int64         // that may wait for their time on one connection; 128 MiB
}

// Server takes feeds in over SRT.
type Server struct {
	cfg Config
}

// New makes a server on a listener that is open already, so that a used port shows before anything runs.
func New(cfg Config) *Server {
	defaults(&cfg.HandshakeTimeout, &cfg.IdleTimeout, &cfg.BufferBytes)
	if cfg.Connections == 0 {
		cfg.Connections = 1000
	}
	cfg.Listener.traces.log.Store(cfg.Log)
	return &Server{cfg: cfg}
}

func defaults(handshake, idle *time.Duration, buffer *int64) {
	if *handshake == 0 {
		*handshake = 10 * time.Second
	}
	if *idle == 0 {
		*idle = 30 * time.Second
	}
	if *buffer == 0 {
		*buffer = 128 << 20
	}
}

// Run serves until ctx ends: then publishers are told, and Run returns nil when all connections are closed. Every other end is an
// error. Run is called once.
func (s *Server) Run(ctx context.Context) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer s.cfg.Listener.Close()
	stop := context.AfterFunc(ctx, s.cfg.Listener.Close) // which tells all publishers
	defer stop()

	slots := make(chan struct{}, s.cfg.Connections)
	for {
		req, err := s.accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept srt connections on %s: %w", s.cfg.Listener.Addr(), err)
		}
		if req == nil {
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			s.cfg.Log.Warn("connection refused: too many", "remote", req.RemoteAddr().String(), "limit", s.cfg.Connections)
			req.Reject(gosrt.REJX_OVERLOAD)
			continue
		}
		conns.Go(func() {
			defer func() { <-slots }()
			s.serve(ctx, req)
		})
	}
}

// accept waits for the next request that makes sense; nil: there was one that made none. gosrt takes handshakes apart here, on the
// caller's goroutine, and panics where an extension is cut off.
func (s *Server) accept() (req gosrt.ConnRequest, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Debug("handshake could not be read", "panic", p)
			req, err = nil, nil
		}
	}()
	traces := s.cfg.Listener.traces
	traces.failed.Store(false)
	req, err = s.cfg.Listener.ln.Accept2()
	if err == nil && traces.failed.Load() {
		req.Reject(gosrt.REJ_ROGUE)
		return nil, nil
	}
	return req, err
}

// serve is one request and what becomes of it, whatever happens.
func (s *Server) serve(ctx context.Context, req gosrt.ConnRequest) {
	log := s.cfg.Log.With("remote", req.RemoteAddr().String())
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic on a connection", "panic", p, "stack", string(debug.Stack()))
			req.Reject(gosrt.REJ_IPE) // nothing, where it was answered
		}
	}()
	c, feed, err := s.open(ctx, req, log)
	if err != nil {
		req.Reject(codeOf(err))
		return
	}
	err = c.run(ctx, feed)
	feed.Close(err)
}

// open admits a publisher: a streamid that makes sense, the right passphrase, a feed. Who is refused is logged here or by the Opener.
func (s *Server) open(ctx context.Context, req gosrt.ConnRequest, log *slog.Logger) (*connection, ingest.Feed, error) {
	var id streamID
	err := error(&refusal{code: gosrt.REJ_VERSION, reason: "the handshake is of a version that has no streamid: SRT 1.3 or later is needed"})
	if req.Version() == 5 {
		id, err = parseStreamID(req.StreamId())
	}
	if err == nil {
		log = log.With("channel", shorten(id.Channel))
		err = s.decipher(req, id.Channel)
	}
	if err != nil {
		log.Warn("connection refused", "reason", err)
		return nil, nil, err
	}
	c := &connection{
		log: log, now: s.cfg.Now, encrypted: req.IsEncrypted(), firstWithin: s.cfg.HandshakeTimeout, idle: s.cfg.IdleTimeout, buffer: s.cfg.BufferBytes,
	}
	opening, cancel := context.WithTimeout(ctx, s.cfg.HandshakeTimeout)
	defer cancel()
	feed, err := s.cfg.Ingest.Open(opening, ingest.Publish{
		Channel: id.Channel, Rendition: id.Rendition, Input: id.Input, Key: id.Key, Protocol: "srt", Remote: req.RemoteAddr().String(), Transport: c.transport,
	})
	if err != nil {
		return nil, nil, err
	}
	conn, err := req.Accept()
	if err != nil {
		err = fmt.Errorf("answer the handshake: %w", err)
		feed.Close(err)
		return nil, nil, err
	}
	c.attach(conn)
	return c, feed, nil
}

// decipher sees to it that a connection is encrypted where the channel wants that, with its passphrase, and nowhere else.
func (s *Server) decipher(req gosrt.ConnRequest, channel string) error {
	want := s.cfg.Passphrase
	if ch, ok := s.cfg.Catalog.Channel(channel); ok && ch.Passphrase != "" {
		want = ch.Passphrase
	}
	switch {
	case want == "" && req.IsEncrypted():
		return &refusal{code: gosrt.REJ_UNSECURE, reason: "the connection is encrypted, but the channel has no passphrase"}
	case want == "":
		return nil
	case !req.IsEncrypted():
		return &refusal{code: gosrt.REJ_UNSECURE, reason: "the channel has a passphrase, but the connection is not encrypted"}
	}
	if err := req.SetPassphrase(want); err != nil {
		return &refusal{code: gosrt.REJ_BADSECRET, reason: "wrong passphrase"}
	}
	return nil
}

// ended is what a connection's own ends are called in the log.
var (
	errIdle   = errors.New("no media received")
	errBuffer = errors.New("too much is waiting for its time: the sender's timestamps run ahead, or its latency is too long")
	errLost   = errors.New("connection lost: nothing was heard of the sender")
)
