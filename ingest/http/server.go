package http

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
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

	// CMAF, WHIP and Subtitles serve what is below /cmaf/, /whip/ and /subtitles/; nil: there is nothing.
	CMAF, WHIP, Subtitles http.Handler

	HeaderTimeout time.Duration // for a request's header; 10 s
	IdleTimeout   time.Duration // without a byte of a transport stream, and between the requests of a connection; 30 s
	HeaderBytes   int           // of a request; 16 KiB
	Connections   int           // at one time; more are closed at once; 1000
}

// stopTimeout is how long handlers have to answer when the server is told to stop.
const stopTimeout = 5 * time.Second

// Server takes feeds in over HTTP.
type Server struct {
	cfg Config
}

// New makes a server on a listener that is open already, so that a used port shows before anything runs.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.HeaderTimeout == 0 {
		cfg.HeaderTimeout = 10 * time.Second
	}
	if cfg.IdleTimeout == 0 {
		cfg.IdleTimeout = 30 * time.Second
	}
	if cfg.HeaderBytes == 0 {
		cfg.HeaderBytes = 16 << 10
	}
	if cfg.Connections == 0 {
		cfg.Connections = 1000
	}
	return &Server{cfg: cfg}
}

// Run serves until ctx ends: then feeds are ended, their senders are told, and Run returns nil when all handlers are done. Every other
// end is an error. Run is called once.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{
		Handler:           s.routes(ctx),
		ReadHeaderTimeout: s.cfg.HeaderTimeout,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    s.cfg.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug), // what strangers do wrong
	}
	failed := make(chan error, 1)
	go func() {
		failed <- server.Serve(&limited{Listener: s.cfg.Listener, slots: make(chan struct{}, s.cfg.Connections), log: s.cfg.Log})
	}()
	var err error
	select {
	case err = <-failed:
		failed <- err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if server.Shutdown(stop) != nil {
		_ = server.Close()
	}
	<-failed
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http on %s: %w", s.cfg.Listener.Addr(), err)
	}
	return nil
}

// routes is who serves what.
func (s *Server) routes(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/ts/", &streams{Config: s.cfg, ctx: ctx})
	for path, h := range map[string]http.Handler{"/whip/": s.cfg.WHIP, "/subtitles/": s.cfg.Subtitles} {
		if h != nil {
			mux.Handle(path, h)
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "there is nothing here: send a transport stream by POST or PUT to /ts/CHANNEL", http.StatusNotFound)
	})
	if s.cfg.CMAF == nil {
		return mux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux redirects from paths with two slashes in a row, as senders of CMAF write them who cannot follow.
		if strings.HasPrefix(r.URL.Path, "/cmaf/") {
			s.cfg.CMAF.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// limited is a listener that closes connections that are too many.
type limited struct {
	net.Listener
	slots chan struct{}
	log   *slog.Logger
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { <-l.slots })}, nil
		default:
			l.log.Warn("connection refused: too many", "remote", c.RemoteAddr().String(), "limit", cap(l.slots))
			_ = c.Close()
		}
	}
}

type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite lets the server show the end of its answer before the connection is reset.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
