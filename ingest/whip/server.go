package whip

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"weir/ingest"
)

// Config is what a Server needs. Zero durations and counts stand for the defaults.
type Config struct {
	Listener *Listener // closed by Run
	NAT      []netip.Addr
	Ingest   ingest.Opener
	Segment  func(channel string) time.Duration // how long the channel's segments should be; nil: 2 s
	Log      *slog.Logger

	ConnectTimeout time.Duration // from the answer to the first packet; 15 s
	IdleTimeout    time.Duration // without a packet; 10 s
	VideoWait      time.Duration // for a missing packet of video, which is asked for again; 600 ms
	AudioWait      time.Duration // for one of sound, which was overtaken or never comes; 150 ms
	Sessions       int           // at one time; 200

	Now func() time.Time // the clock of all that depends on when packets come; nil: time.Now
}

// Server takes feeds in over WHIP. It is the http.Handler of everything under /whip/.
type Server struct {
	cfg   Config
	slots chan struct{}

	mu       sync.Mutex
	ctx      context.Context // of Run; nil: it does not run, or no more
	sessions map[string]*session
	running  sync.WaitGroup
}

// New makes a server on ports that are open already. It answers 503 while Run is not running.
func New(cfg Config) *Server {
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 15 * time.Second
	}
	if cfg.IdleTimeout == 0 {
		cfg.IdleTimeout = 10 * time.Second
	}
	if cfg.VideoWait == 0 {
		cfg.VideoWait = videoWait
	}
	if cfg.AudioWait == 0 {
		cfg.AudioWait = audioWait
	}
	if cfg.Sessions == 0 {
		cfg.Sessions = 200
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Server{cfg: cfg, slots: make(chan struct{}, cfg.Sessions), sessions: make(map[string]*session)}
}

// segment is how long the channel's segments should be.
func (c *Config) segment(channel string) time.Duration {
	if c.Segment != nil {
		if d := c.Segment(channel); d > 0 {
			return d
		}
	}
	return 2 * time.Second
}

// Run serves until ctx ends: then every session is ended, and Run returns nil when all are. It is called once.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.ctx = nil
	s.mu.Unlock()
	s.running.Wait()
	s.cfg.Listener.Close()
	return nil
}

// enter makes room for a session, and gives the context that ends it; false: there is none, and why.
func (s *Server) enter() (context.Context, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		return nil, refused("", ingest.ErrClosing)
	}
	select {
	case s.slots <- struct{}{}:
		s.running.Add(1)
		return s.ctx, nil
	default:
		return nil, refused("", ingest.ErrFull)
	}
}

// leave gives the room back.
func (s *Server) leave() {
	<-s.slots
	s.running.Done()
}

// start runs a session until it ends.
func (s *Server) start(ctx context.Context, c *session) {
	s.mu.Lock()
	s.sessions[c.id] = c
	s.mu.Unlock()
	go func() {
		defer s.leave()
		c.run(ctx)
		s.mu.Lock()
		delete(s.sessions, c.id)
		s.mu.Unlock()
	}()
}

func (s *Server) session(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}
