package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
	"weir/packager"
)

// feed is a feed of a channel: a member of its session. Whatever happens in the packager or the writer stays inside: it ends the session's
// feeds.
type feed struct {
	server  *Server
	session *session
	publish Publish
	log     *slog.Logger
	since   time.Time
	meter   *meter
	dropped dropped // by the adapter

	member      // under the session's work
	left   bool // under Server.mu: its place was given back

	mu     sync.Mutex // guards what follows
	err    error      // why it ended
	errAt  time.Time
	isDone bool
	done   chan struct{}
}

func newFeed(s *Server, ch catalog.Channel, p Publish) *feed {
	now := s.cfg.Now()
	log := s.cfg.Log.With("channel", ch.ID, "protocol", p.Protocol, "remote", p.Remote)
	if p.Rendition != "" {
		log = log.With("rendition", p.Rendition)
	}
	if p.Input != "" {
		log = log.With("input", p.Input)
	}
	return &feed{server: s, publish: p, since: now, meter: newMeter(now), done: make(chan struct{}), log: log}
}

func (f *feed) Done() <-chan struct{} { return f.done }

func (f *feed) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// end says that the feed is over, and why. The first reason stands.
func (f *feed) end(err error) {
	now := f.server.cfg.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isDone {
		f.isDone, f.err, f.errAt = true, err, now
		close(f.done)
	}
}

// fail is end from inside: it gives back why the feed has ended, which may be older than err.
func (f *feed) fail(err error) error {
	if errors.Is(err, bus.ErrLost) {
		err = fmt.Errorf("%w: %w", ErrLost, err)
	}
	f.end(err)
	return f.over()
}

// over is why the feed has ended, nil while it goes on.
func (f *feed) over() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isDone && f.err == nil {
		return ErrEnded
	}
	return f.err
}

// guard runs a piece of work alone in its session, and makes a panic the end of the session, not of the program.
func (f *feed) guard(what string, work func() error) (err error) {
	s := f.session
	s.work.Lock()
	defer s.work.Unlock()
	defer func() {
		if p := recover(); p != nil {
			f.log.Error("panic in a feed", "at", what, "panic", p, "stack", string(debug.Stack()))
			err = &shared{fmt.Errorf("%w: panic in %s", ErrInternal, what)}
		}
		if err != nil {
			if of := (*shared)(nil); errors.As(err, &of) { // what all feeds of the session need is broken
				s.broken = of.error
				s.failOthers(f, of.error)
				err = of.error
			}
			err = f.fail(err)
		}
	}()
	if err := f.over(); err != nil {
		return err
	}
	return work()
}

func (f *feed) Start(formats []media.Format) error {
	return f.guard("start", func() error { return f.start(formats) })
}

func (f *feed) start(formats []media.Format) error {
	if n := len(formats); n == 0 || n > f.server.cfg.Tracks {
		return fmt.Errorf("%w: %d tracks, 1 to %d are taken", ErrLimit, n, f.server.cfg.Tracks)
	}
	names := make([]string, len(formats))
	for i, format := range formats {
		t, err := packager.Describe(format)
		if err != nil {
			return fmt.Errorf("%w: %s track: %w", ErrFormat, format.Codec, err)
		}
		names[i] = t.Codecs
	}
	what := "feed changed its tracks"
	if f.formats == nil {
		what = "feed started"
	}
	if err := f.session.start(f, formats, f.server.cfg.Now()); err != nil {
		return err
	}
	f.log.Info(what, "tracks", strings.Join(names, ", "))
	return nil
}

func (f *feed) Write(s media.Sample) error {
	return f.guard("write", func() error { return f.write(s) })
}

func (f *feed) write(s media.Sample) error {
	if s.Track < 0 || s.Track >= len(f.formats) {
		return fmt.Errorf("%w: sample of track %d, %d are announced", ErrLimit, s.Track, len(f.formats))
	}
	if n, most := len(s.Data), f.server.cfg.SampleBytes; n > most {
		return fmt.Errorf("%w: sample of %d bytes, %d are taken", ErrLimit, n, most)
	}
	now := f.server.cfg.Now()
	if rate := f.meter.count(len(s.Data), now); rate > f.server.cfg.Bitrate {
		return fmt.Errorf("%w: %d Mbit/s, %d are taken", ErrLimit, rate/1e6, f.server.cfg.Bitrate/1e6)
	}
	return f.session.take(f, item{sample: s, at: now, came: arrival(s, now)})
}

// maxHeld bounds how long ago a sample may say that it came.
const maxHeld = time.Minute

// arrival is when a sample that is handed over now came in. Adapters hold back what comes before all tracks are known: the channel's wall
// clock would be late by that, and go back to where it should be while players look on.
func arrival(s media.Sample, now time.Time) time.Time {
	switch held := now.Sub(s.Arrived); {
	case s.Arrived.IsZero() || held <= 0:
		return now
	case held > maxHeld:
		return now.Add(-maxHeld)
	}
	return s.Arrived
}

func (f *feed) Close(reason error) {
	f.end(reason)
	s := f.session
	s.work.Lock()
	defer s.work.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	if last := f.server.departs(f); last {
		s.finish(f.Err())
	} else {
		s.depart(f)
	}
	f.server.leave(f)
	bytes, samples := f.meter.total()
	level, why := slog.LevelInfo, "publisher stopped"
	if err := f.Err(); err != nil {
		why = err.Error()
		if errors.Is(err, ErrInternal) {
			level = slog.LevelError
		}
	}
	f.log.Log(context.Background(), level, "feed ended", "reason", why,
		"duration", f.server.cfg.Now().Sub(f.since).Round(time.Millisecond), "bytes", bytes, "samples", samples)
}
