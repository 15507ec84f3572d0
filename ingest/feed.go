package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
	"weir/packager"
)

// feed is a feed on its channel. Whatever happens in the packager or the writer stays inside: it ends the feed.
type feed struct {
	server  *Server
	channel catalog.Channel // as it was when the feed came: its settings hold for the whole feed
	publish Publish
	log     *slog.Logger
	since   time.Time
	meter   *meter
	shown   atomic.Pointer[shown]
	dropped dropped // by the adapter

	work     sync.Mutex // held by Start, Write and Close: one at a time
	writer   Writer
	packager *packager.Packager // nil before Start
	tracks   int                // announced
	closed   bool

	mu     sync.Mutex // guards what follows
	err    error      // why it ended
	errAt  time.Time
	isDone bool
	done   chan struct{}
}

// shown is a snapshot for Status. It is replaced, never changed.
type shown struct {
	tracks   []media.Track
	packager packager.Stats
	writer   bus.WriterStats
	at       time.Time
}

const showEvery = time.Second // how old a snapshot may be

func newFeed(s *Server, ch catalog.Channel, p Publish) *feed {
	now := s.cfg.Now()
	return &feed{
		server: s, channel: ch, publish: p, since: now, meter: newMeter(now), done: make(chan struct{}),
		log: s.cfg.Log.With("channel", ch.ID, "protocol", p.Protocol, "remote", p.Remote),
	}
}

// run makes w the feed's writer and watches its lease.
func (f *feed) run(w Writer) {
	f.work.Lock()
	defer f.work.Unlock()
	f.writer = w
	if f.closed { // by a server that could not wait
		f.finish()
		return
	}
	f.show(nil)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isDone {
		return
	}
	// Server.Close waits for its goroutines only after it has ended every feed, under f.mu.
	f.server.wg.Go(func() {
		select {
		case <-w.Lost():
			f.end(ErrLost)
		case <-f.done:
		}
	})
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

// guard runs a piece of work alone, and makes a panic the end of the feed, not of the program.
func (f *feed) guard(what string, work func() error) (err error) {
	f.work.Lock()
	defer f.work.Unlock()
	defer func() {
		if p := recover(); p != nil {
			f.log.Error("panic in a feed", "at", what, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: panic in %s", ErrInternal, what)
		}
		if err != nil {
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
	tracks := make([]media.Track, len(formats))
	names := make([]string, len(formats))
	for i, format := range formats {
		t, err := packager.Describe(format)
		if err != nil {
			return fmt.Errorf("%w: %s track: %w", ErrFormat, format.Codec, err)
		}
		tracks[i], names[i] = t, t.Codecs
	}
	name(tracks)
	now := f.server.cfg.Now()
	first := f.packager == nil
	if first {
		r := f.writer.Resume()
		p, err := packager.New(
			packager.Config{Segment: f.channel.Segment, Chunk: f.channel.Chunk},
			packager.Resume{Segment: r.Segment, Run: r.Run, End: r.End, Shift: r.Shift, Target: r.Target, Init: r.Inits, Rates: r.Rates},
			&runLimit{Writer: f.writer, most: f.server.cfg.Runs, now: f.server.cfg.Now})
		if err != nil {
			return fmt.Errorf("channel %s: set up the packager: %w", f.channel.ID, err)
		}
		f.packager = p
	}
	if err := f.packager.Start(formats, now); err != nil {
		return fmt.Errorf("channel %s: start: %w", f.channel.ID, err)
	}
	f.tracks = len(formats)
	what := "feed changed its tracks"
	if first {
		what = "feed started"
	}
	f.log.Info(what, "tracks", strings.Join(names, ", "))
	f.show(tracks)
	return nil
}

func (f *feed) Write(s media.Sample) error {
	return f.guard("write", func() error { return f.write(s) })
}

func (f *feed) write(s media.Sample) error {
	if s.Track < 0 || s.Track >= f.tracks {
		return fmt.Errorf("%w: sample of track %d, %d are announced", ErrLimit, s.Track, f.tracks)
	}
	if n, most := len(s.Data), f.server.cfg.SampleBytes; n > most {
		return fmt.Errorf("%w: sample of %d bytes, %d are taken", ErrLimit, n, most)
	}
	now := f.server.cfg.Now()
	if rate := f.meter.count(len(s.Data), now); rate > f.server.cfg.Bitrate {
		return fmt.Errorf("%w: %d Mbit/s, %d are taken", ErrLimit, rate/1e6, f.server.cfg.Bitrate/1e6)
	}
	if err := f.packager.Write(s, now); err != nil {
		return fmt.Errorf("channel %s: package: %w", f.channel.ID, err)
	}
	if now.Sub(f.shown.Load().at) >= showEvery {
		f.show(nil)
	}
	return nil
}

// show takes a new snapshot for Status; nil: the tracks are those of before. work is held, or nobody else has the feed yet.
func (f *feed) show(tracks []media.Track) {
	next := &shown{tracks: tracks, writer: f.writer.Stats(), at: f.server.cfg.Now()}
	if old := f.shown.Load(); tracks == nil && old != nil {
		next.tracks = old.tracks
	}
	if f.packager != nil {
		next.packager = f.packager.Stats()
	}
	f.shown.Store(next)
}

func (f *feed) Close(reason error) {
	f.end(reason)
	f.work.Lock()
	defer f.work.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	f.finish()
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

// finish sends out what is held and lets go of the channel.
func (f *feed) finish() {
	defer func() {
		if p := recover(); p != nil {
			f.log.Error("panic at the end of a feed", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	if f.writer == nil {
		return
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), f.server.cfg.CloseTimeout)
		defer cancel()
		if err := f.writer.Close(ctx); err != nil {
			f.log.Warn("end of the feed not stored", "err", err)
		}
	}()
	err := f.Err()
	if f.packager == nil || errors.Is(err, ErrLost) || errors.Is(err, ErrInternal) {
		return // a packager that panicked may be in any state
	}
	if err := f.packager.Flush(f.server.cfg.Now()); err != nil && !errors.Is(err, bus.ErrLost) {
		f.log.Warn("end of the feed not packaged", "err", err)
	}
	f.show(nil)
}
