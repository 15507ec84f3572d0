package relay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nuid"
)

// Config is what a relay needs.
type Config struct {
	Upstreams []string // http://HOST[:PORT] or https://…, the first choice first
	Memory    int64    // bytes of what is kept and on its way
	Carry     []string // query parameters of manifests that are a session's own
	Web       fs.FS    // files of the player page; nil: there is none
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now

	every time.Duration // between looks at upstreams; 0: lookEvery
}

// Bounds of connections, and of what is on its way.
const (
	maxFlights      = 8192
	flightShare     = 4 // what is on its way may have a quarter of the memory,
	minFlights      = 64 << 20
	largestShare    = 8 // and one object an eighth
	maxConnections  = 64 << 10
	readTimeout     = 15 * time.Second
	writeTimeout    = 60 * time.Second // for each piece
	idleTimeout     = 90 * time.Second
	maxHeader       = 8 << 10
	connectTimeout  = 3 * time.Second
	liveStale       = time.Minute // for how long texts are served when no upstream answers
	vodStale        = time.Hour
	idleConnections = 256 // to one upstream
)

// Server is a relay. Make one with New, end it with Shutdown.
type Server struct {
	cfg       Config
	id        string // in Via
	upstreams []*upstream
	http      *http.Client
	server    *http.Server
	page      http.Handler
	cache     cache
	largest   int64 // bytes of what is kept
	room      int64 // bytes of what is on its way

	mu      sync.Mutex
	flights map[string]*object
	closed  bool

	held                                                      atomic.Int64 // bytes on their way
	conns                                                     atomic.Int64
	hits, misses, joined, passing, stale, failed, sent, asked atomic.Uint64

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// Stats is what a relay has done.
type Stats struct {
	Requests    uint64 // of players
	Bytes       uint64 // that were sent to them, of bodies
	Hits        uint64 // answered from memory
	Misses      uint64 // asked of an upstream
	Joined      uint64 // that waited for what another had asked for
	Passed      uint64 // too large to be kept, and passed on for one player each
	Stale       uint64 // texts that were served as they were, as no upstream answered
	Failed      uint64 // that no upstream answered
	Objects     int    // in memory
	CacheBytes  int64
	FlightBytes int64
	Connections int
	Upstreams   []UpstreamStats
}

// New begins to look at the upstreams.
func New(cfg Config) (*Server, error) {
	if len(cfg.Upstreams) == 0 {
		return nil, errors.New("relay: there is no upstream")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.every == 0 {
		cfg.every = lookEvery
	}
	s := &Server{cfg: cfg, id: "weir-" + nuid.Next(), flights: make(map[string]*object)}
	s.room = max(cfg.Memory/flightShare, minFlights)
	s.largest = min(maxObject, max(cfg.Memory/largestShare, 1<<20))
	s.cache.init(cfg.Memory - cfg.Memory/flightShare)
	for _, url := range cfg.Upstreams {
		s.upstreams = append(s.upstreams, newUpstream(url))
	}
	if cfg.Web != nil {
		s.page = http.FileServerFS(cfg.Web)
	}
	s.http = &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout: connectTimeout,
			MaxIdleConnsPerHost: idleConnections,
			IdleConnTimeout:     idleTimeout / 2,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug), ConnState: s.count,
		BaseContext: func(net.Listener) context.Context { return s.ctx },
	}
	for _, u := range s.upstreams {
		s.wg.Go(func() { s.watch(s.ctx, u) })
	}
	return s, nil
}

// count counts connections; those that are too many are closed.
func (s *Server) count(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if s.conns.Add(1) > maxConnections {
			_ = c.Close()
		}
	case http.StateClosed, http.StateHijacked:
		s.conns.Add(-1)
	}
}

// Serve answers requests that come in on ln, which it closes, until Shutdown, and then returns nil.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve players on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Shutdown takes no more connections, lets go of those who wait, and lets answers that are on their way be finished until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	s.wg.Wait()
	s.http.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("end players' connections: %w", err)
	}
	return nil
}

// Stats is what the relay has done up to now.
func (s *Server) Stats() Stats {
	st := Stats{
		Requests: s.asked.Load(), Bytes: s.sent.Load(), Hits: s.hits.Load(), Misses: s.misses.Load(), Joined: s.joined.Load(), Passed: s.passing.Load(),
		Stale: s.stale.Load(), Failed: s.failed.Load(), FlightBytes: s.held.Load(), Connections: int(s.conns.Load()),
	}
	st.Objects, st.CacheBytes = s.cache.held()
	for _, u := range s.upstreams {
		st.Upstreams = append(st.Upstreams, u.stats())
	}
	return st
}

// board is the object that a request is answered with: from memory, on its way, or on its way from now on.
func (s *Server) board(a *ask) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.cache.get(a.path)
	if old != nil && s.cfg.Now().Sub(old.at) < old.fresh {
		s.hits.Add(1)
		return old, nil
	}
	if o := s.flights[a.path]; o != nil {
		s.joined.Add(1)
		return o, nil
	}
	if s.closed || len(s.flights) >= maxFlights || s.held.Load() > s.room {
		return nil, errBusy
	}
	s.misses.Add(1)
	o := newObject(a.path)
	s.flights[a.path] = o
	s.wg.Go(func() { s.fly(s.ctx, o, old, a) })
	return o, nil
}

// land ends the flight of an object that has ended.
func (s *Server) land(o *object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flights, o.path)
	if o.err == nil && o.keep {
		s.cache.put(o)
	}
}

// staleFor is for how long a text is served when no upstream answers.
func (s *Server) staleFor(a *ask) time.Duration {
	switch {
	case !a.text:
		return 0
	case strings.HasPrefix(a.path, "/vod/"):
		return vodStale
	}
	return liveStale
}
