package file

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

// Config is what a Supervisor needs.
type Config struct {
	Ingest  ingest.Opener
	Catalog Catalog
	Log     *slog.Logger
	Now     func() time.Time
	// Wait waits for d, or until ctx ends, whose error it then returns. nil: on the machine's clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Supervisor plays a file on each channel whose source is one.
type Supervisor struct {
	cfg Config
}

// New makes a supervisor.
func New(cfg Config) *Supervisor {
	if cfg.Wait == nil {
		cfg.Wait = sleep
	}
	return &Supervisor{cfg: cfg}
}

// job is the playing on one channel.
type job struct {
	source, key string
	cancel      context.CancelFunc
	done        chan struct{}
}

func (j *job) stop() {
	j.cancel()
	<-j.done
}

// Run plays until ctx ends, then returns nil when all feeds are closed. A feed that fails is started again after a while; a channel
// whose source or key changes gets a new one. Run is called once.
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
		if _, _, other := catalog.TransportFile(ch.Source); other || !strings.HasPrefix(ch.Source, Scheme) {
			continue
		}
		jobCtx, cancel := context.WithCancel(ctx)
		j = &job{source: ch.Source, key: ch.Key, cancel: cancel, done: make(chan struct{})}
		jobs[change.ID] = j
		go func() {
			defer close(j.done)
			s.keep(jobCtx, ch)
		}()
	}
	return nil
}

// keep plays a channel's file until ctx ends, whatever happens.
func (s *Supervisor) keep(ctx context.Context, ch catalog.Channel) {
	log := s.cfg.Log.With("channel", ch.ID, "source", ch.Source)
	backoff := minBackoff
	said := ""
	for ctx.Err() == nil {
		begin := s.cfg.Now()
		err := s.once(ctx, ch, log)
		if ctx.Err() != nil {
			return
		}
		if s.cfg.Now().Sub(begin) >= steady {
			backoff, said = minBackoff, ""
		}
		// The same trouble again and again is one line.
		if text := fmt.Sprint(err); text != said {
			said = text
			log.Warn("file feed failed, trying again", "err", err, "after", backoff)
		}
		if s.cfg.Wait(ctx, backoff) != nil {
			return
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// once plays the file until something ends it.
func (s *Supervisor) once(ctx context.Context, ch catalog.Channel, log *slog.Logger) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic in a file feed", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	c, closer, err := open(ch.Source)
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()
	feed, err := s.cfg.Ingest.Open(ctx, ingest.Publish{Channel: ch.ID, Key: ch.Key, Protocol: "file", Remote: strings.TrimPrefix(ch.Source, Scheme), Source: true})
	if err != nil {
		return err
	}
	defer func() { feed.Close(err) }()
	return c.play(ctx, feed, pace{s.cfg.Now, s.cfg.Wait}, log)
}
