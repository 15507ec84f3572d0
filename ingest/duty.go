package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"weir/internal/bus"
)

// Role is what this server does for a channel that it has a feed of.
type Role string

// The roles.
const (
	Writing Role = "writing" // what comes is on air
	Standby Role = "standby" // another server writes the channel, and this one takes its place when it has to
)

// Errors of TakeOver.
var (
	ErrNotRedundant = errors.New("the channel is not redundant")
	ErrNobody       = errors.New("nobody stands by for the channel who is ready")
	ErrNotReady     = errors.New("too little of the feed has come to go on in the middle of a segment: wait for some seconds")
	ErrStandsBy     = errors.New("the channel is written by another server")
	ErrChanging     = errors.New("the channel goes over to this server at the moment")
)

const (
	askEvery = 200 * time.Millisecond // those who stand by ask the writer
	askSoon  = 30 * time.Millisecond  // when it has been asked to let go
	// knowWait is how long it may take to find out by what hold a writer writes.
	knowWait = 500 * time.Millisecond
	// takingOver is for how long a writer is waited for that has not answered yet: one that has taken the channel over answers when it has found out what is stored.
	takingOver = 5 * time.Second
	// findingOut is how long it may take to take a channel and to find out what was left.
	findingOut = 15 * time.Second
	// urgent is for how long a writer is waited for that has been asked to let go.
	urgent = 5 * time.Second
	// forOthers is for how long a server leaves a channel that it has let go to those who stand by.
	forOthers = 3 * time.Second
)

// SharedBus is a Bus on which others may stand by for the writer of a channel.
type SharedBus interface {
	Bus
	Continue(ctx context.Context, channel string, dead *bus.Hold) (SharedWriter, error)
	Holder(ctx context.Context, channel string) (bus.Hold, error)
	Ask(ctx context.Context, channel string, want bus.Want, ready bool) (bus.Answer, error)
	Disturbed() <-chan struct{}
}

// SharedWriter is a Writer that others may stand by for.
type SharedWriter interface {
	Writer
	Share() error
	Fed()
	Yield() <-chan struct{}
	Follower() string
	Leave() string
	Continuation() *bus.Continuation
	Break(ctx context.Context) error
}

// Continue is that of bus.Bus, but for the type.
func (b realBus) Continue(ctx context.Context, channel string, dead *bus.Hold) (SharedWriter, error) {
	w, err := b.Bus.Continue(ctx, channel, dead)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// duty is what a session does beside the other servers that have feeds of its channel. All of it is under the session's work.
type duty struct {
	bus       SharedBus // nil: the channel is not redundant
	role      Role
	holder    string // instance that writes, where that is another
	takeovers uint64 // of this server
	seamless  uint64 // of these, those without a discontinuity
	cut       uint64 // samples that were let go of what is held, as more bytes came
	short     bool   // that happens lately

	order chan Role // TakeOver was asked for, of a server in that role
}

// vigil is what the watch over a redundant channel keeps in mind. The watch owns it.
type vigil struct {
	ordered   time.Time // when a takeover was asked for that has not been made
	urged     time.Time // when the writer was asked to let go
	deaf      time.Time // since when the writer does not answer; zero: it does
	holds     bus.Hold  // of the writer that was known last
	mute      bool      // that one has not answered yet
	epoch     uint64    // of that one
	fed       time.Time // when the writer's feed brought something, as far as it has answered
	notBefore time.Time // of a channel that is free

	disturbed <-chan struct{} // closed when a connection to the bus was lost, or came back
}

// secureShared gets a session of a redundant channel its writer, or has it stand by.
func (s *session) secureShared(ctx context.Context) error {
	h, err := s.duty.bus.Holder(ctx, s.channel.ID)
	switch left := s.server.letGo(s.channel.ID); {
	case err == nil || errors.Is(err, bus.ErrNotFound) && left:
		if left {
			s.vigil.notBefore = time.Now().Add(forOthers)
		}
		s.standBy(h.Instance)
		return nil
	case !errors.Is(err, bus.ErrNotFound):
		return err
	}
	w, err := s.duty.bus.Acquire(ctx, s.channel.ID)
	if errors.Is(err, bus.ErrTaken) { // another was faster
		s.standBy("")
		return nil
	}
	if err != nil {
		return err
	}
	s.begin(w)
	return nil
}

// standBy begins the session without a writer.
func (s *session) standBy(holder string) {
	defer close(s.ready)
	s.work.Lock()
	defer s.work.Unlock()
	s.duty.role, s.duty.holder = Standby, holder
	s.log.Info("another server writes the channel: this one stands by", "instance", holder)
	if !s.finished {
		s.show()
		s.server.wg.Go(s.watch)
	}
}

// letGo tells whether this server has let go of the channel a short while ago.
func (s *Server) letGo(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.released[channel]
	return ok && time.Since(at) < forOthers
}

// releases takes note that the channel was let go for those who stand by.
func (s *Server) releases(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released[channel] = time.Now()
}

// TakeOver gives a redundant channel to the server that stands by: to this one, or where this one writes it, to another. It happens at once, in the
// middle of a segment. Errors: ErrOffAir, ErrNotRedundant, ErrNobody, ErrNotReady.
func (s *Server) TakeOver(channel string) error {
	ss := s.session(channel)
	if ss == nil {
		return fmt.Errorf("channel %s: %w", channel, ErrOffAir)
	}
	ss.work.Lock()
	defer ss.work.Unlock()
	switch w, _ := ss.writer.(SharedWriter); {
	case ss.finished || ss.broken != nil:
		return fmt.Errorf("channel %s: %w", channel, ErrOffAir)
	case ss.duty.bus == nil:
		return fmt.Errorf("channel %s: %w", channel, ErrNotRedundant)
	case w != nil && w.Follower() == "":
		return fmt.Errorf("channel %s: %w", channel, ErrNobody)
	case w == nil && !ss.warm():
		return fmt.Errorf("channel %s: %w", channel, ErrNotReady)
	}
	select {
	case <-ss.duty.order: // one that has not been looked at
	default:
	}
	ss.duty.order <- ss.duty.role
	return nil
}

// warm tells whether enough is held to go on in the middle of a row. work is held.
func (s *session) warm() bool {
	held, ok := s.packager.(*ring)
	return ok && s.movesNow() && held.warm(s.server.cfg.Now())
}

// holds takes note of whether as much is held as should be. work is held.
func (s *session) holds(held *ring, now time.Time) {
	d := &s.duty
	d.cut += held.cut
	held.cut = 0
	if d.short == held.short {
		return
	}
	if d.short = held.short; d.short {
		s.tell(now, fmt.Sprintf("for a takeover the newest %d MiB of the feed are held, which is %v of %v", maxRing>>20,
			held.held(now).Round(100*time.Millisecond), held.keep().Round(100*time.Millisecond)))
	}
}

// standsBy is why nothing can be done with the channel's packager: ErrStandsBy, with who writes, or ErrChanging. work is held.
func (s *session) standsBy() error {
	switch {
	case s.duty.role == Writing:
		return ErrChanging
	case s.duty.holder == "":
		return ErrStandsBy
	}
	return fmt.Errorf("%w: instance %q", ErrStandsBy, s.duty.holder)
}
