package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"weir/ingest"
	"weir/internal/catalog"
)

const (
	minBackoff     = time.Second
	maxBackoff     = 30 * time.Second
	refusedBackoff = 5 * time.Minute // at most, of a sender that refuses
	steady         = time.Minute     // a feed that ran so long starts the backoff anew
)

// Catalog is what a Supervisor needs of the catalog.
type Catalog interface {
	Watch(ctx context.Context) <-chan catalog.Change
}

// Config is what a Supervisor needs.
type Config struct {
	Ingest  ingest.Opener
	Catalog Catalog
	Kinds   []Kind // a source is of the first that says so, and is left alone where none does
	Log     *slog.Logger
	Now     func() time.Time
	// Wait waits for d, or until ctx ends, whose error it then returns. nil: Sleep.
	Wait func(ctx context.Context, d time.Duration) error
}

// Supervisor fetches the sources of channels.
type Supervisor struct {
	cfg Config
}

// New makes a supervisor.
func New(cfg Config) *Supervisor {
	if cfg.Wait == nil {
		cfg.Wait = Sleep
	}
	return &Supervisor{cfg: cfg}
}

// Sleep waits for d on the machine's clock, or until ctx ends, whose error it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// running is a job that goes on.
type running struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func (r running) stop() {
	r.cancel()
	<-r.done
}

// Run fetches until ctx ends, then returns nil when all feeds are closed. A source that fails is tried again after a while; a channel
// whose source changes gets a new job. Run is called once.
func (s *Supervisor) Run(ctx context.Context) error {
	jobs := make(map[Source]running)
	defer func() {
		var wg sync.WaitGroup
		for _, j := range jobs {
			wg.Go(j.stop)
		}
		wg.Wait()
	}()
	for change := range s.cfg.Catalog.Watch(ctx) {
		wanted := s.sources(change.Channel) // none of one that was deleted
		for src, j := range jobs {
			if src.Channel == change.ID && !slices.Contains(wanted, src) {
				j.stop()
				delete(jobs, src)
			}
		}
		for _, src := range wanted {
			if _, there := jobs[src]; there {
				continue
			}
			jobCtx, cancel := context.WithCancel(ctx)
			j := running{cancel: cancel, done: make(chan struct{})}
			jobs[src] = j
			go func() {
				defer close(j.done)
				s.keep(jobCtx, src)
			}()
		}
	}
	return nil
}

// sources are those that a channel and its inputs name, as far as they are of a kind.
func (s *Supervisor) sources(ch catalog.Channel) (all []Source) {
	for _, in := range append(ch.Inputs.List(), catalog.Input{Source: ch.Source}) {
		kind := s.kind(in.Source)
		if kind == nil {
			continue
		}
		src := Source{Channel: ch.ID, Input: in.Name, URL: in.Source, Key: ch.Key}
		if kind.Passphrase {
			src.Passphrase = ch.Passphrase
		}
		all = append(all, src)
	}
	return all
}

// kind is that of a source; nil: it is none of ours.
func (s *Supervisor) kind(url string) *Kind {
	i := slices.IndexFunc(s.cfg.Kinds, func(k Kind) bool { return k.Is(url) })
	if i < 0 {
		return nil
	}
	return &s.cfg.Kinds[i]
}

// keep fetches a source until ctx ends, whatever happens.
func (s *Supervisor) keep(ctx context.Context, src Source) {
	kind := s.kind(src.URL)
	log := s.cfg.Log.With("area", kind.Area, "channel", src.Channel, "source", catalog.HideSource(src.URL))
	if src.Input != "" {
		log = log.With("input", src.Input)
	}
	j := Job{Source: src, Ingest: s.cfg.Ingest, Log: log}
	backoff, said := minBackoff, ""
	for ctx.Err() == nil {
		begin := s.cfg.Now()
		err := kind.once(ctx, j)
		if ctx.Err() != nil {
			return
		}
		if s.cfg.Now().Sub(begin) >= steady {
			backoff, said = minBackoff, ""
		}
		// The same trouble again and again is one line.
		if text := fmt.Sprint(err); text != said {
			said = text
			log.Warn(kind.Failed, "err", err, "after", backoff)
		}
		if s.cfg.Wait(ctx, backoff) != nil {
			return
		}
		most := maxBackoff
		if errors.Is(err, ErrRefused) {
			most = refusedBackoff
		}
		backoff = min(2*backoff, most)
	}
}

// once fetches a source until something ends that, be it a panic.
func (k *Kind) once(ctx context.Context, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.Log.Error(k.Panicked, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return k.Run(ctx, j)
}
