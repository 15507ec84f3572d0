package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"weir/internal/media"
)

const (
	// maxRuns is how many runs a reader keeps at hand: messages refer to the newest one or two.
	maxRuns = 8
	// unknownFor is how long a run that is not recorded is not asked for again.
	unknownFor = 5 * time.Second
	// recordLag is how long the mirror of records may be behind that of the media.
	recordLag = 5 * time.Second
)

// sink makes a handler's calls out of a stream's messages, and of those of the fast path.
type sink struct {
	*reader
	handler Handler

	mu      sync.Mutex                      // of all that follows, and of calls of the handler
	epoch   uint64                          // newest seen
	written uint64                          // one more than the run of its newest chunk, 0: there was none
	before  struct{ epoch, written uint64 } // in stretches of the stream that were read before
	stale   uint64                          // older epoch that was logged last
	target  time.Duration
	runs    []knownRun // newest last
	parts   assembly

	unknown   uint64 // run that is not recorded
	unknownAt time.Time

	fast fastPath
}

// knownRun is what messages of a run are checked against.
type knownRun struct {
	id     uint64
	tracks map[string]uint32 // timescale by name
}

func newSink(r *reader, h Handler) *sink { return &sink{reader: r, handler: h} }

// reset forgets a stream: another follows, with epochs and runs of its own.
func (s *sink) reset() {
	s.live.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fast = fastPath{}
	s.before.epoch, s.before.written = 0, 0
	s.epoch, s.written, s.stale, s.runs, s.unknownAt, s.target = 0, 0, 0, nil, time.Time{}, 0
	s.parts.reset()
}

// again begins a stretch that lies before what was read: with the writers that there were then.
func (s *sink) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch >= s.before.epoch {
		s.before.epoch, s.before.written = s.epoch, s.written
	}
	s.epoch, s.written = 0, 0
}

// resume goes on behind all such stretches.
func (s *sink) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch <= s.before.epoch {
		s.epoch, s.written = s.before.epoch, s.before.written
	}
}

// take hands over one message, if it is to be; value is that of our header. An error means that it has not been dealt with.
func (s *sink) take(ctx context.Context, subject, value string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters.messages.Add(1)
	s.counters.bytes.Add(int64(len(data)))
	msg, err := decodeMessage(s.channel, subject, value, data)
	if err != nil {
		s.malformed(subject, err)
		return nil
	}
	// Of one run there is one message in each place, whoever has stored it: where a writer has gone on with the run of another, what that one
	// stores when it wakes up is what the writer would have stored.
	if msg.Epoch < s.epoch && (msg.Run+1 != s.written || msg.Track == signalTrack) {
		s.counters.stale.Add(1)
		if s.stale != msg.Epoch {
			s.stale = msg.Epoch
			s.log.Warn("bus: messages of a writer that has been replaced are dropped", "epoch", msg.Epoch, "newest", s.epoch,
				"track", msg.Track, "segment", msg.Segment)
		}
		return nil
	}
	if msg.Epoch > s.epoch {
		s.epoch, s.written = msg.Epoch, 0
	}
	if msg.Epoch == s.epoch && (!msg.End || s.indexing()) && msg.Track != signalTrack {
		s.written = msg.Run + 1
	}
	timescale, known, err := s.timescale(ctx, &msg)
	if err != nil {
		return err
	}
	if msg.Track == signalTrack && !msg.End && msg.Part < 0 {
		s.signal(subject, &msg)
		return nil
	}
	if !known {
		s.counters.unknown.Add(1)
		return nil
	}
	if timescale != msg.Timescale {
		s.malformed(subject, fmt.Errorf("%w: track %s has timescale %d in run %d, not %d", ErrMalformed, msg.Track,
			timescale, msg.Run, msg.Timescale))
		return nil
	}
	if msg.Segment < s.least && !msg.End {
		return nil
	}
	if msg.Part >= 0 {
		if data, err = s.parts.add(&msg); err != nil {
			s.malformed(subject, err)
			return nil
		}
		if data == nil {
			return nil
		}
		if msg.Key > len(data) {
			s.malformed(subject, fmt.Errorf("%w: key frame of %d bytes in a chunk of %d", ErrMalformed, msg.Key, len(data)))
			return nil
		}
	}
	if msg.End {
		s.parts.drop(msg.Track, msg.Segment)
		if s.target == 0 {
			if err := s.readTarget(ctx); err != nil {
				return err
			}
		}
	}
	if s.settle(&msg, data) {
		return nil
	}
	s.fast.moved(&msg, data)
	if msg.End {
		s.end(msg.end())
		return nil
	}
	s.handler.Chunk(msg.chunk(data))
	return nil
}

// end hands over an end. Where that of the chunks was left out, it is Stored.
func (s *sink) end(e media.SegmentEnd) {
	switch {
	case e.Segment < s.broken:
	case e.Segment < s.least && !e.Gap():
		s.joiner.Stored(e)
	default:
		s.handler.End(e)
	}
}

// signal hands over a signal, if its run is there: it has just been made known.
func (s *sink) signal(subject string, m *message) {
	if !slices.ContainsFunc(s.runs, func(r knownRun) bool { return r.id == m.Run }) {
		s.counters.unknown.Add(1)
		return
	}
	sig, err := m.signal()
	if err != nil {
		s.malformed(subject, err)
		return
	}
	s.handler.Signal(sig)
}

func (s *sink) malformed(subject string, err error) {
	s.counters.malformed.Add(1)
	s.log.Debug("bus: message was dropped", "subject", subject, "error", err)
}

// timescale is that of a message's track. The first message of a run makes the run known to the handler. False: the run is
// not recorded, or has no such track.
func (s *sink) timescale(ctx context.Context, m *message) (uint32, bool, error) {
	i := slices.IndexFunc(s.runs, func(r knownRun) bool { return r.id == m.Run })
	if i < 0 {
		if s.unknown == m.Run && time.Since(s.unknownAt) < unknownFor {
			return 0, false, nil
		}
		run, inits, err := s.lookUp(ctx, m.Run)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrMalformed) {
			s.unknown, s.unknownAt = m.Run, time.Now()
			s.log.Warn("bus: messages of a run that is not recorded are dropped", "run", m.Run, "segment", m.Segment, "error", err)
			return 0, false, nil
		}
		if err != nil {
			return 0, false, err
		}
		if err := s.readTarget(ctx); err != nil {
			return 0, false, err
		}
		tracks := make(map[string]uint32, len(run.Tracks))
		for _, t := range run.Tracks {
			tracks[t.Name] = t.Timescale
		}
		if len(s.runs) == maxRuns {
			s.runs = slices.Delete(s.runs, 0, 1)
		}
		s.runs = append(s.runs, knownRun{m.Run, tracks})
		i = len(s.runs) - 1
		s.handler.Run(run, inits)
	}
	ts, ok := s.runs[i].tracks[m.Track]
	return ts, ok, nil
}

// knownTrack is the timescale of a message's track, if its run is known already.
func (s *sink) knownTrack(m *message) (timescale uint32, ok bool) {
	i := slices.IndexFunc(s.runs, func(r knownRun) bool { return r.id == m.Run })
	if i < 0 {
		return 0, false
	}
	timescale, ok = s.runs[i].tracks[m.Track]
	return timescale, ok
}

// lookUp asks for a run until there is an answer or ctx ends. At a point of presence its record may come later than its media.
func (s *sink) lookUp(ctx context.Context, id uint64) (run media.Run, inits []media.Init, err error) {
	for until := time.Now().Add(recordLag); ; {
		err = s.ask(ctx, func() error {
			run, inits, err = s.bus.run(ctx, s.channel, id)
			return err
		})
		if !s.mirrored || !errors.Is(err, ErrNotFound) || time.Now().After(until) || !pause(ctx, firstRetry) {
			return run, inits, err
		}
	}
}

// readTarget tells the handler the target duration, if it has become known or has changed. The sink is locked.
func (s *sink) readTarget(ctx context.Context) error {
	tell, err := s.askTarget(ctx)
	if err == nil {
		tell()
	}
	return err
}

// renewTarget is readTarget where the sink is not locked: the fast path goes on while nobody answers.
func (s *sink) renewTarget(ctx context.Context) error {
	tell, err := s.askTarget(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tell()
	return nil
}

// askTarget asks for the target duration. What is to be done with it needs the lock.
func (s *sink) askTarget(ctx context.Context) (tell func(), err error) {
	var d time.Duration
	err = s.ask(ctx, func() (err error) {
		d, err = s.bus.target(ctx, s.channel)
		return err
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return func() { s.target = 0 }, nil // it is to be fixed anew: the next end is to be looked at
	case errors.Is(err, ErrMalformed):
		return func() {}, nil
	case err != nil:
		return nil, err
	}
	return func() {
		if d != s.target {
			s.target = d
			s.handler.Target(d)
		}
	}, nil
}

// caughtUp tells the handler.
func (s *sink) caughtUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler.CaughtUp()
}

// ask repeats a question until it is answered, though it be by ErrNotFound or ErrMalformed, or ctx ends.
func (s *sink) ask(ctx context.Context, question func() error) error {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		err := question()
		if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrMalformed) {
			return err
		}
		s.log.Warn("bus: records were not read", "error", err)
		if !pause(ctx, wait) {
			return err
		}
	}
}
