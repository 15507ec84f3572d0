package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"weir/internal/media"
)

// Writer is the one writer of a channel. Run, Target, Chunk and End are called by one goroutine, in order; they put what
// they get into a queue and return at once. Everything else may be called by anybody.
type Writer struct {
	bus     *Bus
	channel string
	lease   *lease
	epoch   uint64
	resume  Resume
	log     *slog.Logger

	ctx    context.Context // ends when the writer is closed
	cancel context.CancelFunc
	wg     sync.WaitGroup
	acks   *nats.Subscription
	inbox  string        // prefix of the subjects that acknowledgements come on; the message's token follows
	wake   chan struct{} // something may be sendable
	limit  int           // bytes of a message's payload

	lost     chan struct{}
	lostOnce sync.Once
	closing  sync.Once
	closeErr error

	inits map[string]media.Init // of the goroutine that writes

	// What signals are sent with; under mu.
	run       uint64 // that was announced last
	signalsAt uint64 // segment of the newest signal's subject
	signals   int    // how many were sent there

	pruning atomic.Bool

	takeover     *takeover
	continuation *Continuation // of the run that a predecessor has left; nil: there is none, or it was broken off
	yield        chan struct{}
	yieldOnce    sync.Once
	follower     string // who asked last; under mu, as is what follows
	followed     time.Time
	leaves       bool
	fed          atomic.Int64 // when its feed brought anything; nanoseconds since the Unix epoch

	mu    sync.Mutex
	queue queue
	state state
	stats WriterStats
}

// WriterStats is what a writer has done so far.
type WriterStats struct {
	Epoch           uint64 `json:"epoch"`
	PendingBytes    int64  `json:"pendingBytes"`    // not acknowledged, sent or not
	PendingMessages int    `json:"pendingMessages"` // the same
	InFlightBytes   int64  `json:"inFlightBytes"`   // sent and not acknowledged
	StoredBytes     int64  `json:"storedBytes"`     // acknowledged
	StoredMessages  int64  `json:"storedMessages"`
	Resent          int64  `json:"resent"`          // messages that were sent again
	DroppedSegments int64  `json:"droppedSegments"` // segments of a track that were given up: they became gaps
	DroppedBytes    int64  `json:"droppedBytes"`
}

// newWriter is a writer that has the lease. left is what it may go on with, nil for nothing.
func newWriter(b *Bus, channel string, l *lease, t *takeover, left *Continuation) (*Writer, error) {
	ctx, cancel := context.WithCancel(b.ctx)
	w := &Writer{
		bus: b, channel: channel, lease: l, epoch: t.epoch, resume: t.resume, log: b.log(channel), ctx: ctx, cancel: cancel, takeover: t,
		inbox: b.writeConn.NewInbox() + ".", wake: make(chan struct{}, 1), lost: make(chan struct{}), inits: t.resume.Inits,
		yield: make(chan struct{}),
		limit: int(b.writeConn.MaxPayload()) - headerRoom,
		state: t.state(),
	}
	l.writes = w.epoch
	if left != nil {
		left.writer, w.continuation = w, left
		w.run, w.signalsAt, w.signals = left.Run.ID, left.signalsAt, left.signals
	}
	w.queue = newQueue(b.cfg.InFlight, b.cfg.Backlog)
	w.stats.Epoch = w.epoch
	w.Fed()
	var err error
	if w.limit < headerRoom {
		err = fmt.Errorf("the server's max_payload of %d bytes is too small", b.writeConn.MaxPayload())
	}
	if err == nil {
		w.acks, err = b.writeConn.Subscribe(w.inbox+"*", w.onAck)
	}
	if err != nil {
		cancel()
		rctx, stop := context.WithTimeout(context.Background(), requestTimeout)
		defer stop()
		return nil, errors.Join(fmt.Errorf("channel %s: %w", channel, err), l.release(rctx))
	}
	w.wg.Go(func() { w.send(ctx) })
	w.wg.Go(func() { l.keep(ctx) })
	w.wg.Go(func() {
		select {
		case <-l.lost:
			w.fail()
		case <-ctx.Done():
		}
	})
	return w, nil
}

// headerRoom is what a message's headers may take of the server's max_payload, in bytes.
const headerRoom = 1 << 10

// Resume is what a packager goes on from.
func (w *Writer) Resume() Resume { return w.resume }

// Lost is closed when the channel may have another writer, or messages cannot be kept any more: stop, and Close.
func (w *Writer) Lost() <-chan struct{} { return w.lost }

func (w *Writer) fail() { w.lostOnce.Do(func() { close(w.lost) }) }

// usable is ErrLost after Lost, ErrClosed after Close.
func (w *Writer) usable() error {
	select {
	case <-w.lost:
		return fmt.Errorf("channel %s: %w", w.channel, ErrLost)
	case <-w.ctx.Done():
		return fmt.Errorf("channel %s: writer: %w", w.channel, ErrClosed)
	default:
		return nil
	}
}

// Run announces a run and the init segments of all its tracks. Chunks of it are sent when these are stored.
func (w *Writer) Run(run media.Run, inits []media.Init) error {
	if err := errors.Join(w.usable(), checkRun(run)); err != nil {
		return err
	}
	have := map[string]uint32{}
	for _, in := range inits {
		if !validTrack(in.Track) || len(in.Data) == 0 || len(in.Data) > min(maxRecord, w.limit) {
			return fmt.Errorf("channel %s, track %q: init segment of %d bytes", w.channel, in.Track, len(in.Data))
		}
		have[in.Track] = in.Version
	}
	for _, t := range run.Tracks {
		if v, ok := have[t.Name]; !ok || v != t.Init {
			return fmt.Errorf("channel %s: run %d needs init segment %d of track %s", w.channel, run.ID, t.Init, t.Name)
		}
	}
	value, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("channel %s: run %d: %w", w.channel, run.ID, err)
	}
	w.mu.Lock()
	for _, in := range inits {
		if known, ok := w.inits[in.Track]; ok && known.Version == in.Version && string(known.Data) == string(in.Data) {
			continue
		}
		w.inits[in.Track] = in
		w.putRecord(initKey(w.channel, in.Track, in.Version), in.Data, true)
	}
	w.putRecord(runKey(w.channel, run.ID), value, true)
	w.run = run.ID
	w.mu.Unlock()
	w.kick()
	w.prune(run)
	return nil
}

// Target records the channel's target duration.
func (w *Writer) Target(d time.Duration) error {
	if err := w.usable(); err != nil {
		return err
	}
	if d <= 0 || d > time.Hour {
		return fmt.Errorf("channel %s: target duration %s", w.channel, d)
	}
	value, err := json.Marshal(target{d})
	if err != nil {
		return fmt.Errorf("channel %s: target duration: %w", w.channel, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if d == w.state.Target {
		return nil
	}
	w.state.Target = d
	w.putRecord(targetKey(w.channel), value, true)
	w.kick()
	return w.putState()
}

// Chunk sends a chunk. Its data is kept until it is stored and must not change any more.
func (w *Writer) Chunk(c media.Chunk) error {
	err := errors.Join(w.usable(), checkAddress(c.Track, c.Segment, c.Index))
	if err == nil && (len(c.Data) == 0 || len(c.Data) > maxChunk || c.Key > len(c.Data)) {
		err = fmt.Errorf("%d bytes, %d of them up to the end of a key frame", len(c.Data), c.Key)
	}
	h := chunkHeader(w.epoch, c)
	n := parts(len(c.Data), w.limit)
	if n > 1 {
		h.Parts = n
	}
	var value string
	if err == nil {
		value, err = h.encode(false)
	}
	if err != nil {
		return fmt.Errorf("channel %s: chunk %d of track %s, segment %d: %w", w.channel, c.Index, c.Track, c.Segment, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Segment >= w.state.Segment || c.Run >= w.state.Run {
		w.state.Segment, w.state.Run = max(w.state.Segment, c.Segment+1), max(w.state.Run, c.Run+1)
		if err := w.putState(); err != nil {
			return err
		}
	}
	s := w.queue.segment(segmentKey{c.Track, c.Segment})
	if s.lost {
		w.stats.DroppedBytes += int64(len(c.Data))
		return nil
	}
	if err := w.makeRoom(int64(len(c.Data))); err != nil {
		return err
	}
	if s.lost { // it was itself the oldest
		w.stats.DroppedBytes += int64(len(c.Data))
		return nil
	}
	a := address{Track: c.Track, Segment: c.Segment, Chunk: c.Index, Part: -1}
	now := time.Now()
	for i := range n {
		data := c.Data
		if n > 1 {
			a.Part = i
			data = data[i*w.limit : min((i+1)*w.limit, len(data))]
		}
		w.queue.push(entry{subject: a.subject(w.channel), value: value, data: data, segment: s, kind: chunkEntry, queued: now})
	}
	w.kick()
	return nil
}

// End closes a segment. It is sent when all chunks of the segment are stored.
func (w *Writer) End(e media.SegmentEnd) error {
	err := errors.Join(w.usable(), checkAddress(e.Track, e.Segment, 0))
	var value string
	if err == nil {
		value, err = endHeader(w.epoch, e).encode(true)
	}
	if err != nil {
		return fmt.Errorf("channel %s: end of track %s, segment %d: %w", w.channel, e.Track, e.Segment, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if at := (e.Start + e.Duration).Time(e.Timescale); at.After(w.state.End) {
		w.state.End = at // goes out with the next row
	}
	if e.Segment >= w.state.Segment || e.Run >= w.state.Run { // a row that begins with a gap
		w.state.Segment, w.state.Run = max(w.state.Segment, e.Segment+1), max(w.state.Run, e.Run+1)
		if err := w.putState(); err != nil {
			return err
		}
	}
	if w.queue.len() >= maxQueue {
		w.fail()
		return fmt.Errorf("channel %s: %d messages wait for the bus: %w", w.channel, w.queue.len(), ErrLost)
	}
	a := address{Track: e.Track, Segment: e.Segment, End: true}
	s := w.queue.segment(segmentKey{e.Track, e.Segment})
	w.queue.push(entry{subject: a.subject(w.channel), value: value, segment: s, kind: endEntry, end: e})
	w.kick()
	return nil
}

// putRecord queues a value of the record bucket. What comes after it waits until it is stored, if hold. w.mu is held.
func (w *Writer) putRecord(key string, value []byte, hold bool) {
	w.queue.push(entry{subject: recordSubject + key, data: value, kind: recordEntry, holds: hold})
}

// putState queues what a successor has to know. w.mu is held.
func (w *Writer) putState() error {
	value, err := json.Marshal(w.state)
	if err != nil {
		return fmt.Errorf("channel %s: state: %w", w.channel, err)
	}
	w.putRecord(stateKey(w.channel), value, false)
	return nil
}

// Stats is what the writer has done so far.
func (w *Writer) Stats() WriterStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.PendingBytes, s.PendingMessages, s.InFlightBytes = w.queue.bytes, w.queue.len(), w.queue.inFlight
	return s
}

// Close waits until everything is stored, or ctx ends, and gives the lease back. The error says what was not stored.
func (w *Writer) Close(ctx context.Context) error {
	w.closing.Do(func() { w.closeErr = w.close(ctx) })
	return w.closeErr
}

func (w *Writer) close(ctx context.Context) error {
	defer w.bus.forget(w.channel)
	var errs []error
	w.mu.Lock()
	if w.usable() == nil && !w.state.End.Equal(w.resume.End) {
		errs = append(errs, w.putState())
	}
	empty := w.queue.whenEmpty()
	w.mu.Unlock()
	w.kick()
	select {
	case <-empty:
	case <-w.lost:
	case <-ctx.Done():
	}
	w.cancel()
	w.wg.Wait()
	if err := w.acks.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		errs = append(errs, err)
	}
	if s := w.Stats(); s.PendingMessages > 0 {
		w.bus.tap.pass(w.channel) // they may be stored all the same
		errs = append(errs, fmt.Errorf("channel %s: %d messages (%d bytes) were not stored", w.channel, s.PendingMessages,
			s.PendingBytes))
	}
	rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	return errors.Join(append(errs, w.lease.release(rctx))...)
}
