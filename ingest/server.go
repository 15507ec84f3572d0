package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/packager"
)

// Writer is where a feed's packager puts its work: a channel of the bus, held by lease.
type Writer interface {
	packager.Output
	Resume() bus.Resume
	Lost() <-chan struct{} // closed when the lease is gone
	Stats() bus.WriterStats
	Close(ctx context.Context) error
}

// Bus is what a Server needs of the bus.
type Bus interface {
	Acquire(ctx context.Context, channel string) (Writer, error)
}

// OnBus is b as a Server needs it.
func OnBus(b *bus.Bus) Bus { return realBus{b} }

type realBus struct{ *bus.Bus }

// Acquire is that of bus.Bus, but for the type.
func (b realBus) Acquire(ctx context.Context, channel string) (Writer, error) {
	w, err := b.Bus.Acquire(ctx, channel)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Catalog is what a Server needs of the catalog.
type Catalog interface {
	Channel(id string) (catalog.Channel, bool)
	Watch(ctx context.Context) <-chan catalog.Change
}

// Config is what a Server needs. Zero limits stand for the defaults.
type Config struct {
	Bus     Bus
	Catalog Catalog
	Log     *slog.Logger
	Now     func() time.Time

	Admission Admission // who may publish; the zero value: everybody

	Feeds        int           // at one time; 500
	Tracks       int           // of a feed; 16
	SampleBytes  int           // of one sample; 16 MiB
	Bitrate      int64         // of a feed, in bits a second over 5 s; 400 Mbit/s
	Runs         int           // that the feeds of a channel begin within a minute; 120
	CloseTimeout time.Duration // for what is left to be stored when a feed ends; 5 s
}

// Server admits feeds, and knows how their channels do.
type Server struct {
	cfg  Config
	stop context.CancelFunc // ends the watching of the catalog
	wg   sync.WaitGroup     // all goroutines

	mu       sync.Mutex
	closing  bool
	sessions map[string]*session       // by channel; a session is there until its last feed is closed
	feeds    int                       // of all sessions
	last     map[string]Status         // of channels without a feed: how the last one ended
	rungs    map[string]map[string]int // of channels without a feed: see stage
	begun    map[string]*runTimes      // by channel
	released map[string]time.Time      // channels that were left to other servers, and when
	idle     chan struct{}             // closed when closing and the last feed is gone
}

// New makes a server. Close must be called.
func New(cfg Config) *Server {
	defaults(&cfg)
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		cfg: cfg, stop: cancel, sessions: make(map[string]*session), last: make(map[string]Status),
		rungs: make(map[string]map[string]int), begun: make(map[string]*runTimes), released: make(map[string]time.Time), idle: make(chan struct{}),
	}
	changes := cfg.Catalog.Watch(ctx)
	s.wg.Go(func() {
		for change := range changes {
			if change.Deleted {
				s.deleted(change.ID)
			}
		}
	})
	return s
}

func defaults(cfg *Config) {
	cfg.Feeds = orDefault(cfg.Feeds, 500)
	cfg.Tracks = orDefault(cfg.Tracks, 16)
	cfg.SampleBytes = orDefault(cfg.SampleBytes, 16<<20)
	cfg.Bitrate = orDefault(cfg.Bitrate, 400_000_000)
	cfg.Runs = orDefault(cfg.Runs, 120)
	cfg.CloseTimeout = orDefault(cfg.CloseTimeout, 5*time.Second)
}

func orDefault[T int | int64 | time.Duration](v, standard T) T {
	if v == 0 {
		return standard
	}
	return v
}

// Open admits a feed: the channel is there, the key is right, nobody else feeds that rendition of that input, and no other server has the
// channel.
func (s *Server) Open(ctx context.Context, p Publish) (Feed, error) {
	f, err := s.open(ctx, p)
	if err != nil {
		s.cfg.Log.Warn("feed refused", "channel", bounded(p.Channel), "rendition", bounded(p.Rendition),
			"protocol", p.Protocol, "remote", p.Remote, "reason", err)
		return nil, err
	}
	return f, nil
}

func (s *Server) open(ctx context.Context, p Publish) (*feed, error) {
	ch, err := s.admit(ctx, p)
	if err != nil {
		return nil, err
	}
	f, first, err := s.enter(ch, p)
	if err != nil {
		return nil, err
	}
	if err := s.secure(ctx, f, first); err != nil {
		f.end(err)
		s.leave(f)
		return nil, err
	}
	f.session.attach(f)
	// The channel may have been deleted between the look and the entry.
	if _, ok := s.cfg.Catalog.Channel(p.Channel); !ok {
		f.end(ErrDeleted)
	}
	if err := f.Err(); err != nil {
		f.Close(err)
		return nil, err
	}
	return f, nil
}

// secure gets the session its writer, or waits until the session's first feed has got it.
func (s *Server) secure(ctx context.Context, f *feed, first bool) error {
	ss := f.session
	if !first {
		select {
		case <-ss.ready:
			return ss.failed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if ss.duty.bus != nil {
		err := ss.secureShared(ctx)
		if err != nil {
			ss.failed = fmt.Errorf("channel %s: acquire its writer: %w", ss.channel.ID, err)
			close(ss.ready)
		}
		return ss.failed
	}
	w, err := s.cfg.Bus.Acquire(ctx, ss.channel.ID)
	if errors.Is(err, bus.ErrTaken) {
		err = fmt.Errorf("%w: %w", ErrTaken, err)
	} else if err != nil {
		err = fmt.Errorf("channel %s: acquire its writer: %w", ss.channel.ID, err)
	}
	if err != nil {
		ss.failed = err
		close(ss.ready)
		return err
	}
	ss.begin(w)
	return nil
}

// Close tells all feeds to go and waits until their adapters have closed them; when ctx ends, it closes those that are left itself.
// New feeds are refused from the start.
func (s *Server) Close(ctx context.Context) {
	s.mu.Lock()
	first := !s.closing
	s.closing = true
	all := s.joined()
	if first && len(s.sessions) == 0 {
		close(s.idle)
	}
	s.mu.Unlock()
	for _, f := range all {
		f.end(ErrClosing)
	}
	select {
	case <-s.idle:
	case <-ctx.Done():
		s.mu.Lock()
		left := s.joined()
		s.mu.Unlock()
		for _, f := range left {
			f.Close(ErrClosing)
		}
	}
	s.stop()
	s.wg.Wait()
}

// isClosing tells whether the server is being shut down.
func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// bounded is a stranger's name for a log. People who mistype an address write the key into it.
func bounded(s string) string {
	const most, secret = 100, "key="
	if at := strings.Index(strings.ToLower(s), secret); at >= 0 {
		s = s[:at+len(secret)] + "…"
	}
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
