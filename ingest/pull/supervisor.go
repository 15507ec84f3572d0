package pull

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"weir/ingest"
	"weir/internal/catalog"
)

const (
	minBackoff = time.Second
	maxBackoff = 30 * time.Second
	steady     = time.Minute // a feed that ran so long starts the backoff anew
)

// Catalog is what a Supervisor needs of the catalog.
type Catalog interface {
	Watch(ctx context.Context) <-chan catalog.Change
}

// Config is what a Supervisor needs. Zero durations stand for the defaults.
type Config struct {
	Ingest  ingest.Opener
	Catalog Catalog
	Log     *slog.Logger
	Now     func() time.Time
	// Wait waits for d, or until ctx ends, whose error it then returns. nil: on the machine's clock.
	Wait func(ctx context.Context, d time.Duration) error

	IdleTimeout time.Duration // without a byte, after which a feed ends; 10 s
}

// Supervisor fetches the source of each channel that has one of its kinds.
type Supervisor struct {
	cfg Config
}

// New makes a supervisor.
func New(cfg Config) *Supervisor {
	if cfg.Wait == nil {
		cfg.Wait = sleep
	}
	if cfg.IdleTimeout == 0 {
		cfg.IdleTimeout = 10 * time.Second
	}
	return &Supervisor{cfg: cfg}
}

// sleep waits on the machine's clock.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// job is the fetching for one channel.
type job struct {
	source, key string
	cancel      context.CancelFunc
	done        chan struct{}
}

func (j *job) stop() {
	j.cancel()
	<-j.done
}

// Run fetches until ctx ends, then returns nil when all feeds are closed. It is called once.
func (s *Supervisor) Run(ctx context.Context) error {
	jobs := make(map[string]*job)
	defer func() {
		var wg sync.WaitGroup
		for _, j := range jobs {
			wg.Go(j.stop)
		}
		wg.Wait()
	}()
	for change := range s.cfg.Catalog.Watch(ctx) {
		ch := change.Channel
		if change.Deleted {
			ch = catalog.Channel{ID: change.ID}
		}
		j := jobs[change.ID]
		if j != nil && j.source == ch.Source && j.key == ch.Key {
			continue
		}
		if j != nil {
			j.stop()
			delete(jobs, change.ID)
		}
		fetch := s.fetcher(ch.Source)
		if fetch == nil {
			continue
		}
		jobCtx, cancel := context.WithCancel(ctx)
		j = &job{source: ch.Source, key: ch.Key, cancel: cancel, done: make(chan struct{})}
		jobs[change.ID] = j
		go func() {
			defer close(j.done)
			s.keep(jobCtx, ch, fetch)
		}()
	}
	return nil
}

// fetch brings a channel's feed until something ends it; nil: ctx did.
type fetch func(ctx context.Context, ch catalog.Channel, log *slog.Logger) error

// fetcher is what fetches a source; nil: it is another's.
func (s *Supervisor) fetcher(source string) fetch {
	if _, _, ok := catalog.TransportFile(source); ok {
		return s.file
	}
	switch {
	case strings.HasPrefix(source, catalog.SourceUDP):
		return s.udp
	case strings.HasPrefix(source, catalog.SourceHTTP), strings.HasPrefix(source, catalog.SourceHTTPS):
		return s.http
	}
	return nil
}

// keep fetches until ctx ends, whatever happens.
func (s *Supervisor) keep(ctx context.Context, ch catalog.Channel, f fetch) {
	log := s.cfg.Log.With("channel", ch.ID, "source", catalog.HideSource(ch.Source))
	backoff := minBackoff
	said := ""
	for ctx.Err() == nil {
		begin := s.cfg.Now()
		err := s.once(ctx, ch, f, log)
		if ctx.Err() != nil {
			return
		}
		if s.cfg.Now().Sub(begin) >= steady {
			backoff, said = minBackoff, ""
		}
		// The same trouble again and again is one line.
		if text := fmt.Sprint(err); text != said {
			said = text
			log.Warn("source failed, trying again", "err", err, "after", backoff)
		}
		if s.cfg.Wait(ctx, backoff) != nil {
			return
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func (s *Supervisor) once(ctx context.Context, ch catalog.Channel, f fetch, log *slog.Logger) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic in a source", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f(ctx, ch, log)
}

// open asks for the channel's feed.
func (s *Supervisor) open(ctx context.Context, ch catalog.Channel, protocol string, transport func() ingest.Transport) (ingest.Feed, error) {
	return s.cfg.Ingest.Open(ctx, ingest.Publish{
		Channel: ch.ID, Key: ch.Key, Protocol: protocol, Remote: catalog.HideSource(ch.Source), Source: true, Transport: transport,
	})
}
