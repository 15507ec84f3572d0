package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	pullBytes     = 16 << 20 // of one request; more than the largest message
	pullMessages  = 256      // that are buffered. Asking by bytes alone makes nats.go allocate a queue of a million.
	pullHeartbeat = 5 * time.Second
	pullExpiry    = 30 * time.Second
	consumerIdle  = 30 * time.Second // after which the server removes a consumer that nobody reads
	catchUpPoll   = time.Second

	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// readCounters are ReadStats while they are counted.
type readCounters struct {
	messages, bytes, stale, malformed, unknown, recovered atomic.Int64

	fast, settled, unsettled atomic.Int64
}

func (b *Bus) counters(channel string) *readCounters {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.reads[channel]
	if c == nil {
		c = &readCounters{}
		b.reads[channel] = c
	}
	return c
}

// ReadStats is what all Reads of the channel have met since Open.
func (b *Bus) ReadStats(channel string) ReadStats {
	c := b.counters(channel)
	return ReadStats{
		Messages: c.messages.Load(), Bytes: c.bytes.Load(), Stale: c.stale.Load(), Malformed: c.malformed.Load(),
		Unknown: c.unknown.Load(), Recovered: c.recovered.Load(),
		Fast: c.fast.Load(), Settled: c.settled.Load(), Unsettled: c.unsettled.Load(),
	}
}

// Read hands everything in the channel's stream over to h, from the oldest message on, and goes on with what comes, until
// ctx ends or the bus is closed. It gets over lost connections, and over a stream that is deleted and made again, by
// itself; no message is handed over twice, nor after a later one. The error says why it has ended: ctx's, or ErrClosed.
func (b *Bus) Read(ctx context.Context, channel string, h Handler) error {
	return b.read(ctx, &reader{channel: channel}, h)
}

// read follows a stream until ctx ends.
func (b *Bus) read(ctx context.Context, r *reader, h Handler) error {
	channel := r.channel
	if err := checkChannel(channel); err != nil {
		return err
	}
	if !b.enter() {
		return fmt.Errorf("channel %s: read: %w", channel, ErrClosed)
	}
	defer b.wg.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.ctx, func() { cancel(ErrClosed) })()

	r.bus, r.log, r.counters, r.next = b, b.log(channel), b.counters(channel), 1
	r.sink = newSink(r, h)
	r.lag = &lag{channel: channel}
	defer b.measure(r.lag)()
	defer b.arrived(r.awaits())
	b.tap.open(channel)
	defer b.tap.close(channel)
	defer r.listen(ctx)()
	wait := firstRetry
	for {
		progress, err := r.follow(ctx)
		for errors.Is(err, errTapped) {
			if err = r.followTap(ctx); errors.Is(err, errUntapped) {
				progress, err = r.follow(ctx)
			}
		}
		if ctx.Err() == nil && errors.Is(err, errIndexed) {
			continue
		}
		if ctx.Err() != nil {
			return fmt.Errorf("channel %s: read: %w", channel, context.Cause(ctx))
		}
		if progress {
			wait = firstRetry
		}
		r.counters.recovered.Add(1)
		level := slog.LevelWarn
		if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, errDisturbed) {
			level = slog.LevelDebug // it is made when the channel is, and a lost connection has been logged
		}
		r.log.Log(ctx, level, "bus: reading is begun again", "error", err, "next", r.next)
		if !pause(ctx, wait) {
			return fmt.Errorf("channel %s: read: %w", channel, context.Cause(ctx))
		}
		wait = min(2*wait, lastRetry)
	}
}

// pause waits, or returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// How following ends where the other way goes on.
var (
	errTapped   = errors.New("what follows is at hand")
	errUntapped = errors.New("what follows is in the stream only")
)

var errDisturbed = errors.New("connection was lost or came back")

// reader is one Read. One goroutine owns it, but for its sink, which the fast path uses too.
type reader struct {
	bus      *Bus
	channel  string
	log      *slog.Logger
	counters *readCounters
	sink     *sink
	lag      *lag

	created time.Time // of the stream that next belongs to
	stream  int       // the same as the tap counts streams
	next    uint64    // sequence number in the stream
	joining
	joined   bool
	join     uint64 // last sequence number when Read was called
	caughtUp bool
	mirrored bool        // the stream is a mirror of one elsewhere, and so are the records
	live     atomic.Bool // the fast path may go ahead: the reader has what its stream has
}

// follow reads from r.next on through one consumer, until it fails. It tells whether any message came.
func (r *reader) follow(ctx context.Context) (progress bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	disturbed := r.bus.disturbance()
	stop := make(chan struct{})
	defer close(stop)
	r.bus.wg.Go(func() {
		select {
		case <-disturbed:
			cancel(errDisturbed)
		case <-stop:
		}
	})
	r.stream = r.bus.tap.stream(r.channel)
	consumer, err := r.consumer(ctx)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause // there is no answer to what was asked over a connection that is gone
		}
		return false, err
	}
	defer func() {
		if !errors.Is(context.Cause(ctx), errDisturbed) { // else who is asked may not answer, and what comes waits
			r.remove(consumer.CachedInfo())
		}
	}()
	switch {
	case consumer.CachedInfo().NumPending > 0:
	case r.indexing():
		return false, r.indexed(false)
	default:
		r.reached()
	}
	it, err := consumer.Messages(
		jetstream.PullMaxMessagesWithBytesLimit(pullMessages, pullBytes),
		jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullHeartbeat),
	)
	if err != nil {
		return false, fmt.Errorf("read stream: %w", err)
	}
	defer it.Stop()
	defer context.AfterFunc(ctx, it.Stop)()
	err = r.consume(ctx, consumer, it, &progress)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return progress, err
}

// consume hands over what it gives, until that fails.
func (r *reader) consume(ctx context.Context, c jetstream.Consumer, it jetstream.MessagesContext, progress *bool) error {
	delivered := uint64(0) // consumer's count of the last message
	for {
		var opts []jetstream.NextOpt
		if !r.caughtUp {
			opts = append(opts, jetstream.NextMaxWait(catchUpPoll))
		}
		m, err := it.Next(opts...)
		if errors.Is(err, nats.ErrTimeout) && !r.caughtUp {
			// What was there when we joined may have expired before it was sent.
			if info, err := c.Info(ctx); err == nil && info.NumPending == 0 && info.Delivered.Consumer == delivered {
				if r.indexing() {
					return r.indexed(false)
				}
				r.reached()
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("read stream: %w", err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("read stream: %w", err)
		}
		sequence, err := r.sequence(meta, m.Headers())
		if err != nil {
			return fmt.Errorf("read stream: %w", err)
		}
		if meta.Sequence.Consumer != delivered+1 || sequence < r.next && !r.index {
			return fmt.Errorf("read stream: message %d (%d of the consumer) after %d (%d): one was lost",
				sequence, meta.Sequence.Consumer, r.next-1, delivered)
		}
		delivered++
		if r.indexing() && sequence >= r.to {
			return r.indexed(true)
		}
		if sequence >= r.next { // else the stream has it no more, or it has been read
			if err := r.sink.take(ctx, m.Subject(), m.Headers().Get(headerName), m.Data()); err != nil {
				return err
			}
			r.next = sequence + 1
		}
		if !r.indexing() {
			r.lag.pass(sequence, time.Now())
		}
		*progress = true
		switch {
		case r.indexing() && meta.NumPending == 0:
			return r.indexed(false)
		case !r.indexing() && (sequence >= r.join || meta.NumPending == 0):
			r.reached()
		}
		if _, _, ok := r.bus.tap.from(r.channel, r.stream, r.next); ok && r.caughtUp {
			return errTapped
		}
	}
}

// reached tells the handler once that it has what was there when Read was called.
func (r *reader) reached() {
	if !r.caughtUp {
		r.caughtUp = true
		r.sink.caughtUp()
	}
	r.live.Store(true)
}

// consumer makes a consumer that begins at r.next. A stream that was made anew is read from its beginning.
func (r *reader) consumer(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	s, err := r.find(ctx)
	if err != nil {
		return nil, fmt.Errorf("find stream: %w", err)
	}
	info := s.CachedInfo()
	r.mirrored = info.Config.Mirror != nil
	switch {
	case !info.Created.Equal(r.created):
		if !r.created.IsZero() {
			r.log.Info("bus: the stream was made anew")
		}
		if err := r.plan(ctx, info.State.FirstSeq, info.State.LastSeq); err != nil {
			return nil, err
		}
		r.created, r.next = info.Created, max(r.from, 1)
		r.sink.reset()
		r.lag.forget()
	case info.State.LastSeq+1 < r.next:
		// A server that lost power had not yet written all that it had acknowledged.
		r.log.Warn("bus: the stream has lost its end", "last", info.State.LastSeq, "read", r.next-1)
		r.next = info.State.LastSeq + 1
	}
	if !r.joined {
		r.joined, r.join = true, info.State.LastSeq
	}
	if err := r.sink.renewTarget(ctx); err != nil {
		return nil, err
	}
	from, err := r.source(ctx, s, info.Created)
	if err != nil {
		return nil, err
	}
	c, err := from.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       r.start(),
		FilterSubject:     r.only,
		AckPolicy:         jetstream.AckNonePolicy,
		MaxDeliver:        1,
		Replicas:          1,
		MemoryStorage:     true,
		InactiveThreshold: consumerIdle,
	})
	if err != nil {
		return nil, fmt.Errorf("make consumer: %w", err)
	}
	// Between the two requests the stream may have been replaced: then r.next is not of the one that is read.
	again, err := s.Info(ctx)
	if err == nil && !again.Created.Equal(r.created) {
		err = errors.New("the stream was made anew meanwhile")
	}
	if err != nil {
		r.remove(c.CachedInfo())
		return nil, fmt.Errorf("find stream: %w", err)
	}
	return c, nil
}

// remove is a courtesy: the server does it by itself after a while.
func (r *reader) remove(c *jetstream.ConsumerInfo) {
	if !r.bus.readConn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), catchUpPoll)
	defer cancel()
	if err := r.bus.readJS.DeleteConsumer(ctx, c.Stream, c.Name); err != nil {
		r.log.Debug("bus: consumer was not removed", "error", err)
	}
}
