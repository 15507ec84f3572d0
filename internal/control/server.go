// Package control is the admin API: what operators, their dashboards and their orchestrators talk to.
//
//	/api/v1/channels, /api/v1/channels/{id}   settings and live status; PUT and DELETE change the catalog
//	/api/v1/channels/{id}/clips               POST keeps a stretch of a window; GET lists
//	/api/v1/channels/{id}/splices             POST begins or ends a break; GET lists
//	/api/v1/clips, /api/v1/clips/{clip}       what was kept; …/file.mp4 downloads it, DELETE removes it
//	/api/v1/assets, /api/v1/assets/{id}       settings and state; PUT and DELETE change the catalog
//	/api/v1/libraries, …/libraries/{name}     directories that are mapped, and the files of one
//	/api/v1/sites                             where the files of assets lie, and how these places do
//	/api/v1/edges                             the edges that share a bus
//	/api/v1/status                            whether the DVR windows fit memory and disk
//	/api/v1/openapi.json, .yaml               what the API is
//	/healthz, /readyz                         whether the process lives, whether it can do its work
//	/metrics                                  for Prometheus
//
// It asks for statuses when it is asked itself, and keeps none.
package control

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of the admin API's connections.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = time.Minute
	maxHeader         = 16 << 10 // bytes
)

// Config is what the admin API is made of.
type Config struct {
	Catalog Catalog
	Feeds   Feeds // nil: this process takes no feeds in
	Edge    Edge  // nil: this process serves no players
	Bus     Bus
	Clips   Clips   // nil: this process keeps none
	Splices Splices // nil: this process takes no feeds in
	Ladders Ladders // nil: this process makes none
	Assets  Assets  // nil: there are none
	Library Library // nil: this process serves no players
	Sites   Sites   // nil: this process reads no files
	Edges   Edges   // nil: this process serves no players, or has its bus for itself
	// Capacity tells whether the channels' windows will fit; nil: nobody asks.
	Capacity Capacity
	Version  string // of the program
	Log      *slog.Logger
}

// Server is the admin API. It is safe for concurrent use.
type Server struct {
	cfg      Config
	starting bool   // there is no more than bus yet
	source   string // what bus is called by /readyz
	bus      Readiness
	draining *atomic.Bool // shared with those that answer before Start
	http     *http.Server
	handler  atomic.Pointer[http.Handler] // of all requests
}

// New makes the server; it does nothing before Serve.
func New(cfg Config) *Server {
	s := Starting(cfg.Bus, cfg.Log)
	s.Start(cfg)
	return s
}

// Starting makes a server that answers /healthz and /readyz, which says what b waits for, and nothing else until Start.
func Starting(b Readiness, log *slog.Logger) *Server {
	early := &Server{bus: b, source: "bus", starting: true, draining: &atomic.Bool{}} // of its own: its requests may be under way when the server is started
	mux := early.probes(http.NewServeMux())
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusServiceUnavailable, "starting\n") })
	return newServer(guard(mux), early.draining, log)
}

// Probes makes a server that answers /healthz and /readyz and nothing else, ever.
func Probes(b Readiness, log *slog.Logger) *Server {
	only := &Server{bus: b, source: "bus", draining: &atomic.Bool{}}
	return newServer(guard(only.probes(http.NewServeMux())), only.draining, log)
}

func newServer(h http.Handler, draining *atomic.Bool, log *slog.Logger) *Server {
	s := &Server{draining: draining}
	s.answer(h)
	s.http = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.handler.Load()).ServeHTTP(w, r) }),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s
}

// Start makes all of the admin API be there. It is called once.
func (s *Server) Start(cfg Config) {
	s.cfg, s.bus, s.source = cfg, cfg.Bus, "bus"
	s.answer(s.Handler())
}

// Drain makes /readyz fail from now on: the process goes, and nobody new is to be sent to it.
func (s *Server) Drain() { s.draining.Store(true) }

func (s *Server) answer(h http.Handler) { s.handler.Store(&h) }

// probes adds what orchestrators ask.
func (s *Server) probes(mux *http.ServeMux) *http.ServeMux {
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	return mux
}

// Handler is all of the admin API.
func (s *Server) Handler() http.Handler {
	mux := s.probes(http.NewServeMux())
	mux.Handle("GET /metrics", s.metrics())
	s.channels(mux)
	return guard(mux)
}

// Serve answers on ln until Shutdown, and then returns nil. It closes ln.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown takes no further requests and waits for those under way; when ctx ends it cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}
