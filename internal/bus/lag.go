package bus

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// How far a reader is behind is measured against its stream, not against a clock: now and then the stream is asked for its last message, and how long it
// takes until the reader has that one is its lag. So a channel of which nothing comes has none, and while nobody answers none is added: all readers have
// the same trouble then.
const (
	lagTick    = 500 * time.Millisecond
	lagEvery   = 10 * time.Second // between questions about a stream whose reader keeps up
	lagSoon    = 2 * time.Second  // likewise, whose reader does not
	lagWithin  = 2 * time.Second  // for an answer
	lagAtATime = 8                // questions
)

// lag is how far one reader is behind its stream.
type lag struct {
	channel string
	passed  atomic.Uint64 // sequence number up to which the reader has all; 0: it has not got to the end that is read in order
	awaited atomic.Uint64 // one that the stream has and the reader lacks; 0: none is known

	mu      sync.Mutex
	created time.Time // of the stream that awaited is of
	since   time.Time // when it was seen that the stream has it
	behind  time.Duration
	next    time.Time // when to ask again
}

// pass notes that the reader has all up to that message.
func (l *lag) pass(sequence uint64, now time.Time) {
	l.passed.Store(sequence)
	if a := l.awaited.Load(); a == 0 || sequence < a {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got(now)
}

// got ends the measurement if the reader has what it lacked. l.mu is held.
func (l *lag) got(now time.Time) {
	if a := l.awaited.Load(); a != 0 && l.passed.Load() >= a {
		l.awaited.Store(0)
		l.behind = now.Sub(l.since)
	}
}

// forget begins anew: the stream is another.
func (l *lag) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed.Store(0)
	l.awaited.Store(0)
	l.behind = 0
}

// see takes in what the stream has at that time: messages from first to last.
func (l *lag) see(created time.Time, first, last uint64, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.awaited.Load()
	if a != 0 && (!created.Equal(l.created) || a < first || a > last) { // it will never come
		l.awaited.Store(0)
		a = 0
	}
	switch {
	case a != 0:
		l.behind = max(l.behind, now.Sub(l.since))
	case last < max(first, 1) || l.passed.Load() >= last:
		l.behind = 0
	default:
		l.created, l.since = created, now
		l.awaited.Store(last)
		l.got(now) // it may have come while this was looked at
	}
	l.next = now.Add(lagEvery)
	if l.awaited.Load() != 0 || l.behind >= lagSoon {
		l.next = now.Add(lagSoon)
	}
}

// Lag is for how long the channel's reader has lacked what its stream has, or did lack it when that was measured last. 0: it has all, it is not known, or
// nobody reads.
func (b *Bus) Lag(channel string) time.Duration {
	b.mu.Lock()
	l := b.lags[channel]
	b.mu.Unlock()
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.behind
}

// measure makes the lag of a reader known, until the function that it gives is called. Of several readers of a channel it is that of the newest.
func (b *Bus) measure(l *lag) (end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lags[l.channel] = l
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.lags[l.channel] == l {
			delete(b.lags, l.channel)
		}
	}
}

// watchLags asks about streams until the bus is closed.
func (b *Bus) watchLags() {
	ticker := time.NewTicker(lagTick)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			b.askLags(now)
		case <-b.ctx.Done():
			return
		}
	}
}

// askLags asks about those whose time it is.
func (b *Bus) askLags(now time.Time) {
	var asking errgroup.Group
	asking.SetLimit(lagAtATime)
	for _, l := range b.dueLags(now) {
		asking.Go(func() error { b.askLag(l); return nil })
	}
	_ = asking.Wait() // nobody gives one
}

func (b *Bus) dueLags(now time.Time) (due []*lag) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.lags {
		l.mu.Lock()
		if !now.Before(l.next) {
			due = append(due, l)
		}
		l.mu.Unlock()
	}
	return due
}

// askLag asks about one. Without an answer it is asked again soon.
func (b *Bus) askLag(l *lag) {
	ctx, cancel := context.WithTimeout(b.ctx, lagWithin)
	defer cancel()
	s, err := b.js.Stream(ctx, streamName(l.channel))
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.next = time.Now().Add(lagSoon)
		return
	}
	info := s.CachedInfo()
	l.see(info.Created, info.State.FirstSeq, info.State.LastSeq, time.Now())
}
