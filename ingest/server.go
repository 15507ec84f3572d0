package ingest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
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

	Feeds        int           // at one time; 500
	Tracks       int           // of a feed; 16
	SampleBytes  int           // of one sample; 16 MiB
	Bitrate      int64         // of a feed, in bits a second over 5 s; 400 Mbit/s
	Runs         int           // that a feed begins within a minute; 60
	CloseTimeout time.Duration // for what is left to be stored when a feed ends; 5 s
}

// Server admits feeds, one a channel, and knows how they do.
type Server struct {
	cfg  Config
	stop context.CancelFunc // ends the watching of the catalog
	wg   sync.WaitGroup     // all goroutines

	mu      sync.Mutex
	closing bool
	feeds   map[string]*feed  // by channel; a feed is there until it is closed
	last    map[string]Status // of channels without a feed: how the last one ended
	idle    chan struct{}     // closed when closing and the last feed is gone
}

// New makes a server. Close must be called.
func New(cfg Config) *Server {
	defaults(&cfg)
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{cfg: cfg, stop: cancel, feeds: make(map[string]*feed), last: make(map[string]Status), idle: make(chan struct{})}
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
	cfg.Runs = orDefault(cfg.Runs, 60)
	cfg.CloseTimeout = orDefault(cfg.CloseTimeout, 5*time.Second)
}

func orDefault[T int | int64 | time.Duration](v, standard T) T {
	if v == 0 {
		return standard
	}
	return v
}

// Open admits a feed: the channel is there, the key is right, nobody else feeds it, here or on another server.
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
	ch, ok := s.cfg.Catalog.Channel(p.Channel)
	if !ok {
		return nil, ErrUnknownChannel
	}
	if !keyFits(ch.Key, p.Key) {
		return nil, ErrKey
	}
	if p.Rendition != "" {
		return nil, ErrRendition
	}
	f := newFeed(s, ch, p)
	if err := s.enter(f); err != nil {
		return nil, err
	}
	w, err := s.cfg.Bus.Acquire(ctx, ch.ID)
	if err != nil {
		s.leave(f)
		if errors.Is(err, bus.ErrTaken) {
			return nil, fmt.Errorf("%w: %w", ErrTaken, err)
		}
		return nil, fmt.Errorf("channel %s: acquire its writer: %w", ch.ID, err)
	}
	f.run(w)
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

// keyFits compares in a time that tells nothing about the key, its length included.
func keyFits(want, got string) bool {
	if want == "" {
		return true
	}
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(got))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// enter takes the channel for f.
func (s *Server) enter(f *feed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return ErrClosing
	case s.feeds[f.channel.ID] != nil:
		return ErrTaken
	case len(s.feeds) >= s.cfg.Feeds:
		return fmt.Errorf("%w: %d", ErrFull, s.cfg.Feeds)
	}
	s.feeds[f.channel.ID] = f
	return nil
}

// leave gives the channel back. A feed that was closed while it waited for its writer does so twice.
func (s *Server) leave(f *feed) {
	st, seen := f.status()
	_, exists := s.cfg.Catalog.Channel(f.channel.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feeds[f.channel.ID] != f {
		return
	}
	delete(s.feeds, f.channel.ID)
	if seen && exists {
		st.State = OffAir
		s.last[f.channel.ID] = st
	}
	if s.closing && len(s.feeds) == 0 {
		close(s.idle)
	}
}

// deleted ends the feed of a channel that is no more.
func (s *Server) deleted(channel string) {
	s.mu.Lock()
	delete(s.last, channel)
	f := s.feeds[channel]
	s.mu.Unlock()
	if f != nil {
		f.end(ErrDeleted)
	}
}

// Close tells all feeds to go and waits until their adapters have closed them; when ctx ends, it closes those that are left itself.
// New feeds are refused from the start.
func (s *Server) Close(ctx context.Context) {
	s.mu.Lock()
	first := !s.closing
	s.closing = true
	for _, f := range s.feeds {
		f.end(ErrClosing)
	}
	if first && len(s.feeds) == 0 {
		close(s.idle)
	}
	s.mu.Unlock()
	select {
	case <-s.idle:
	case <-ctx.Done():
		s.mu.Lock()
		left := make([]*feed, 0, len(s.feeds))
		for _, f := range s.feeds {
			left = append(left, f)
		}
		s.mu.Unlock()
		for _, f := range left {
			f.Close(ErrClosing)
		}
	}
	s.stop()
	s.wg.Wait()
}

// Status is how the channel's feed does, or how its last one ended; false: there was none since the server started.
func (s *Server) Status(channel string) (Status, bool) {
	s.mu.Lock()
	f := s.feeds[channel]
	last, ok := s.last[channel]
	s.mu.Unlock()
	if f != nil {
		if st, seen := f.status(); seen {
			return st, true
		}
	}
	return last, ok
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
