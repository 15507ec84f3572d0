package srt

import (
	"context"
	"errors"
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
	minBackoff      = time.Second
	maxBackoff      = 30 * time.Second
	rejectedBackoff = 5 * time.Minute // at most, of a sender that refuses: somebody has to mend that
	steady          = time.Minute     // a feed that ran so long starts the backoff anew
)

// Watcher is what a Supervisor needs of the catalog.
type Watcher interface {
	Watch(ctx context.Context) <-chan catalog.Change
}

// SupervisorConfig is what a Supervisor needs. Zero durations and counts stand for the defaults.
type SupervisorConfig struct {
	Ingest  ingest.Opener
	Catalog Watcher
	Log     *slog.Logger
	Now     func() time.Time

	HandshakeTimeout time.Duration // to the first packet of media; 10 s
	IdleTimeout      time.Duration // without a packet of media; 30 s
	BufferBytes      int64         // that may wait for their time on one connection; 128 MiB
}

// Supervisor calls the sender of each channel whose source is one.
type Supervisor struct {
	cfg SupervisorConfig
}

// NewSupervisor makes a supervisor.
func NewSupervisor(cfg SupervisorConfig) *Supervisor {
	defaults(&cfg.HandshakeTimeout, &cfg.IdleTimeout, &cfg.BufferBytes)
	return &Supervisor{cfg: cfg}
}

// job is the calling for one channel.
type job struct {
	source, passphrase, key string
	cancel                  context.CancelFunc
	done                    chan struct{}
}

func (j *job) stop() {
	j.cancel()
	<-j.done
}

// Run calls until ctx ends, then returns nil when all feeds are closed. A connection that fails is made again after a while; a channel
// whose source, passphrase or key changes gets a new one. Run is called once.
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
		if j != nil && j.source == ch.Source && j.passphrase == ch.Passphrase && j.key == ch.Key {
			continue
		}
		if j != nil {
			j.stop()
			delete(jobs, change.ID)
		}
		if !strings.HasPrefix(ch.Source, catalog.SourceSRT) {
			continue
		}
		jobCtx, cancel := context.WithCancel(ctx)
		j = &job{source: ch.Source, passphrase: ch.Passphrase, key: ch.Key, cancel: cancel, done: make(chan struct{})}
		jobs[change.ID] = j
		go func() {
			defer close(j.done)
			s.keep(jobCtx, ch)
		}()
	}
	return nil
}

// keep has the channel's sender connected until ctx ends, whatever happens.
func (s *Supervisor) keep(ctx context.Context, ch catalog.Channel) {
	log := s.cfg.Log.With("channel", ch.ID, "source", catalog.HideSource(ch.Source))
	backoff, said := minBackoff, ""
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
			log.Warn("srt feed failed, calling again", "err", err, "after", backoff)
		}
		if !wait(ctx, backoff) {
			return
		}
		most := maxBackoff
		if errors.Is(err, errRejected) {
			most = rejectedBackoff
		}
		backoff = min(2*backoff, most)
	}
}

// once calls the sender and takes its feed in until something ends it.
func (s *Supervisor) once(ctx context.Context, ch catalog.Channel, log *slog.Logger) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic in an srt feed", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	src, err := catalog.ParseSRT(ch.Source)
	if err != nil {
		return err
	}
	if src.Passphrase == "" {
		src.Passphrase = ch.Passphrase
	}
	conn, err := call(ctx, src)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	c := &connection{
		log: log, now: s.cfg.Now, encrypted: src.Passphrase != "", firstWithin: s.cfg.HandshakeTimeout, idle: s.cfg.IdleTimeout,
		buffer: s.cfg.BufferBytes,
	}
	c.attach(conn)
	feed, err := s.cfg.Ingest.Open(ctx, ingest.Publish{
		Channel: ch.ID, Key: ch.Key, Protocol: "srt", Remote: src.Address, Source: true, Transport: c.transport,
	})
	if err != nil {
		return err
	}
	defer func() { feed.Close(err) }()
	if err = c.run(ctx, feed); err == nil {
		err = errHungUp
	}
	return err
}

// errHungUp is a sender that ended the connection.
var errHungUp = errors.New("the sender has hung up")
