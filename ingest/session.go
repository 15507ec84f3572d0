package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
)

// session is a channel that has feeds: they share its writer and its packager. Feeds of different renditions bring tracks of their own; of
// several inputs one is on air, while the others stand by.
type session struct {
	server  *Server
	channel catalog.Channel // as it was when the first feed came: its settings hold for the whole session
	log     *slog.Logger
	since   time.Time
	begun   *runTimes // of the channel

	joined  []*feed // under Server.mu: those that were let in, and not closed yet
	closing bool    // under Server.mu: the last one is being closed

	ready  chan struct{} // closed when the writer is there, or will not be
	failed error         // why it will not be; set before ready is closed
	done   chan struct{} // closed at the end
	shown  atomic.Pointer[shown]

	work     sync.Mutex // guards what follows, and the members of its feeds: one feed at a time
	writer   Writer
	packager packs   // nil before anything was on air
	members  []*feed // in the order of their arrival
	slots    []slot
	broken   error // packager or writer failed: nothing goes out any more
	finished bool
	duty     duty // where others stand by for the channel
	vigil    vigil
	stage
	past // of feeds that have gone
}

// shared is an error of what all feeds of a session need.
type shared struct{ error }

func (e *shared) Unwrap() error { return e.error }

// past is what feeds brought that have gone.
type past struct {
	bytes, samples int64
	dropped        uint64
	publish        Publish // of the one that went last
}

func newSession(s *Server, ch catalog.Channel) *session {
	ss := &session{
		server: s, channel: ch, log: s.cfg.Log.With("channel", ch.ID), since: s.cfg.Now(),
		ready: make(chan struct{}), done: make(chan struct{}), duty: duty{role: Writing},
	}
	if b, ok := s.cfg.Bus.(SharedBus); ok && ch.Redundant {
		ss.duty.bus, ss.duty.order = b, make(chan Role, 1)
	}
	return ss
}

// begin makes w the session's writer and watches its lease.
func (s *session) begin(w Writer) {
	defer close(s.ready)
	s.work.Lock()
	defer s.work.Unlock()
	s.writer = w
	if s.finished { // by a server that could not wait
		s.closeWriter()
		return
	}
	s.show()
	if shared, ok := w.(SharedWriter); ok && s.duty.bus != nil {
		if err := shared.Share(); err != nil {
			s.log.Warn("nobody can stand by for the channel", "err", err)
		}
		s.server.wg.Go(s.watch)
		return
	}
	// Server.Close waits for its goroutines only after every session is finished.
	s.server.wg.Go(func() {
		select {
		case <-w.Lost():
			s.server.endAll(s, ErrLost)
		case <-s.done:
		}
	})
}

// attach makes f a member.
func (s *session) attach(f *feed) {
	s.work.Lock()
	defer s.work.Unlock()
	if !f.closed && !s.finished {
		s.members = append(s.members, f)
		s.show()
	}
}

// failOthers ends all members but f.
func (s *session) failOthers(f *feed, err error) {
	for _, m := range s.members {
		if m != f {
			m.fail(err)
		}
	}
}

// start takes what a member announces.
func (s *session) start(f *feed, formats []media.Format, now time.Time) error {
	before := f.formats
	f.formats = slices.Clone(formats)
	if before == nil {
		f.started = now
		s.rung(f.publish.Rendition) // by arrival
	}
	f.restart()
	if s.live && f.input == s.input {
		f.onAir = true
		if err := s.arrange(now); err != nil {
			return err
		}
	} else if err := s.direct(now); err != nil {
		return err
	}
	s.show()
	return nil
}

// take takes what a member has brought.
func (s *session) take(f *feed, it item) error {
	if !f.observe(it) {
		f.Dropped("timestamps do not move")
		return s.direct(it.at)
	}
	if err := s.direct(it.at); err != nil {
		return err
	}
	if f.onAir {
		if err := s.deliver(f, it); err != nil {
			return err
		}
	} else {
		f.backlog.add(it, f.isKey(it), s.keep())
		if err := s.switchAt(f, it); err != nil {
			return err
		}
	}
	if it.at.Sub(s.shown.Load().at) >= showEvery {
		s.show()
	}
	return nil
}

// deliver hands an item of a member that is on air to the packager.
func (s *session) deliver(f *feed, it item) error {
	s.sent = it.at
	if w, ok := s.writer.(SharedWriter); ok && s.duty.bus != nil {
		w.Fed()
	}
	if it.event != nil {
		if f != s.voice() {
			return nil // the same event comes with each rendition
		}
		if err := s.packager.Event(*it.event, it.at); err != nil {
			return &shared{fmt.Errorf("channel %s: package: %w", s.channel.ID, err)}
		}
		return nil
	}
	place := f.places[it.sample.Track]
	mapped, ok := s.mapped(f, it)
	if !ok || place < 0 {
		return nil
	}
	mapped.Track = place
	if err := s.packager.Write(mapped, it.came); err != nil {
		return &shared{fmt.Errorf("channel %s: package: %w", s.channel.ID, err)}
	}
	if held := s.held(); held != nil {
		s.holds(held, it.at)
	}
	return nil
}

// pack makes the packager, which lives as long as the session writes the channel.
func (s *session) pack() error {
	if s.packager != nil {
		return nil
	}
	if s.writer == nil { // another server writes the channel
		s.packager = newRing(s.channel.Segment)
		return nil
	}
	p, err := s.newPackager(s.resume(), s.writer)
	if err != nil {
		return &shared{err}
	}
	s.packages(p)
	return nil
}

// depart takes a member away that is not the last.
func (s *session) depart(f *feed) {
	defer s.rescue("the departure of a feed")
	s.forget(f)
	if s.broken != nil {
		return
	}
	if err := s.gone(f, s.server.cfg.Now()); err != nil {
		s.broken = err
		s.failOthers(f, err)
	}
	s.show()
}

// rescue keeps a panic in the session.
func (s *session) rescue(where string) {
	if p := recover(); p != nil {
		s.log.Error("panic in a feed", "at", where, "panic", p, "stack", string(debug.Stack()))
		s.broken = fmt.Errorf("%w: panic in %s", ErrInternal, where)
		s.failOthers(nil, s.broken)
	}
}

// forget takes the member off the list, and keeps its counts.
func (s *session) forget(f *feed) {
	s.members = slices.DeleteFunc(s.members, func(m *feed) bool { return m == f })
	bytes, samples := f.meter.total()
	n, _, _ := f.dropped.total()
	s.past.dropped += n
	if f.publish.Ladder {
		return
	}
	s.past.bytes += bytes
	s.past.samples += samples
	s.past.publish = f.publish
}

// finish sends out what is held and lets go of the channel. reason is why the last feed has ended.
func (s *session) finish(reason error) {
	s.finished = true
	close(s.done)
	if s.writer == nil {
		return
	}
	defer s.closeWriter()
	defer s.rescue("the end of a feed")
	if s.leaves() {
		return
	}
	if s.packager == nil || s.broken != nil || errors.Is(reason, ErrLost) || errors.Is(reason, ErrInternal) {
		return // a packager that panicked may be in any state
	}
	s.conclude()
	if err := s.packager.Flush(s.server.cfg.Now()); err != nil && !errors.Is(err, bus.ErrLost) {
		s.log.Warn("end of the feed not packaged", "err", err)
	}
	select {
	case <-s.writer.Lost():
		s.log.Warn("another server has taken the channel: the end of the feed is left to that one")
	default:
	}
	s.show()
}

// leaves tells whether another server stands by, which goes on in the middle of the row.
func (s *session) leaves() bool {
	w, ok := s.writer.(SharedWriter)
	if !ok || s.duty.bus == nil {
		return false
	}
	by := w.Leave()
	if by == "" {
		return false
	}
	s.server.releases(s.channel.ID)
	s.log.Info("leaves the channel to another server", "instance", by)
	return true
}

func (s *session) closeWriter() {
	ctx, cancel := context.WithTimeout(context.Background(), s.server.cfg.CloseTimeout)
	defer cancel()
	if err := s.writer.Close(ctx); err != nil {
		s.log.Warn("end of the feed not stored", "err", err)
	}
}
