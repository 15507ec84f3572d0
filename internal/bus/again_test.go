package bus

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// What is not answered is asked again: after a while, and at once when the connection is another.
func TestQuestionIsAskedAgain(t *testing.T) {
	t.Parallel()
	answered := func(answers ...error) func(b *Bus) (n int, err error) {
		return func(b *Bus) (int, error) {
			var asked atomic.Int32
			return again(context.Background(), b, func(ctx context.Context) (int, error) {
				n := int(asked.Add(1))
				if n <= len(answers) {
					if err := answers[n-1]; !errors.Is(err, context.DeadlineExceeded) {
						return n, err
					}
				}
				<-ctx.Done()
				return 0, ctx.Err()
			})
		}
	}
	never := context.DeadlineExceeded
	for name, c := range map[string]struct {
		ask       func(b *Bus) (int, error)
		disturbed time.Duration // when a connection is lost; 0: none is
		n         int           // of the question whose answer counts
		err       error
		after     time.Duration
	}{
		"at once":                        {answered(nil), 0, 1, nil, 0},
		"the second time":                {answered(never, nil), 0, 2, nil, askAgain},
		"over another connection":        {answered(never, nil), 10 * time.Millisecond, 2, nil, 10 * time.Millisecond},
		"that it cannot be":              {answered(never, ErrNotFound), 0, 2, ErrNotFound, askAgain},
		"that nobody is there":           {answered(nats.ErrNoResponders, nil), 0, 1, nats.ErrNoResponders, 0},
		"that nobody is there any more":  {answered(never, nats.ErrReconnectBufExceeded, nil), 0, 3, nil, 2 * askAgain},
		"that it may be possible later":  {answered(&jetstream.APIError{ErrorCode: clusterNotThere}, nil), 0, 2, nil, askAgain},
		"that it is being stored so far": {answered(never, &jetstream.APIError{ErrorCode: beingStored}, nil), 0, 3, nil, 2 * askAgain},
		"never":                          {answered(), 0, 0, context.DeadlineExceeded, requestTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &Bus{disturbed: make(chan struct{})}
				if c.disturbed > 0 {
					time.AfterFunc(c.disturbed, b.disturb)
				}
				begun := time.Now() // of the bubble's clock, which goes on when all wait
				n, err := c.ask(b)
				require.ErrorIs(t, err, c.err)
				require.Equal(t, c.after, time.Since(begun))
				require.Equal(t, c.n, n)
			})
		})
	}
}

// quietLeases is a lease bucket that does what it is asked to, and does not answer at first.
type quietLeases struct {
	jetstream.KeyValue
	unanswered atomic.Int32 // requests that are left without an answer
	between    func()       // called before that
	begun      atomic.Int32 // of these
	ended      atomic.Int32 // of these, whoever has asked waits no longer
}

func (q *quietLeases) wait(ctx context.Context, rev uint64, err error) (uint64, error) {
	if q.unanswered.Add(-1) < 0 {
		return rev, err
	}
	if q.between != nil {
		q.between()
	}
	q.begun.Add(1)
	defer q.ended.Add(1)
	<-ctx.Done()
	return 0, ctx.Err()
}

func (q *quietLeases) Create(ctx context.Context, key string, value []byte, opts ...jetstream.KVCreateOpt) (uint64, error) {
	rev, err := q.KeyValue.Create(ctx, key, value, opts...)
	return q.wait(ctx, rev, err)
}

func (q *quietLeases) Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	rev, err := q.KeyValue.Update(ctx, key, value, revision)
	return q.wait(ctx, rev, err)
}

// A lease was taken, and the answer did not arrive: who asks again finds that it is its own.
func TestAnswerToATakenLeaseThatWasLost(t *testing.T) {
	t.Parallel()
	for name, dead := range map[string]bool{"that was free": false, "of one that is dead": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.stored(t)
			var from *Hold
			if dead {
				h, err := p.second.Holder(testContext(t), "news")
				require.NoError(t, err)
				from = &h
			} else {
				closeWriter(t, p.writer)
			}
			quiet := &quietLeases{KeyValue: p.second.leases}
			quiet.unanswered.Store(1)
			p.second.leases = quiet
			w, err := p.second.Continue(testContext(t), "news", from)
			require.NoError(t, err)
			h, err := p.second.Holder(testContext(t), "news")
			require.NoError(t, err)
			require.Equal(t, "second", h.Instance)
			require.Equal(t, h.revision, w.lease.epoch, "it was taken once")
			require.NoError(t, w.lease.renew(testContext(t)))
			closeWriter(t, w)
		})
	}
}

// The same, but that it had moved when it was to be taken: who asks again is not told that it is its own.
func TestLeaseThatMovedWhileNobodyAnswered(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.stored(t)
	h, err := p.second.Holder(testContext(t), "news")
	require.NoError(t, err)
	quiet := &quietLeases{KeyValue: p.second.leases}
	quiet.unanswered.Store(1)
	quiet.between = func() {
		_, err := p.first.leases.Put(context.Background(), "news", []byte(`{"instance":"third"}`))
		require.NoError(t, err)
	}
	p.second.leases = quiet
	_, err = p.second.Continue(testContext(t), "news", &h)
	require.ErrorIs(t, err, ErrTaken)
	require.Less(t, quiet.unanswered.Load(), int32(0))
}

// While a leader is elected nobody answers a renewal: a writer that is alive and connected goes on meanwhile.
func TestWriterGoesOnWhileItsRenewalIsNotAnswered(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{URL: startOutside(t).url(), LeaseTTL: 6 * time.Second})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	quiet := &quietLeases{KeyValue: b.leases}
	b.leases = quiet
	w := acquire(t, b, "news")
	require.NoError(t, w.Share())
	quiet.unanswered.Store(1 << 30)
	since, ended := time.Now(), int32(0)
	eventually(t, "beats while it waits", func() bool {
		if n := quiet.ended.Load(); n != ended || n == quiet.begun.Load() { // it does not wait, or for another
			since, ended = time.Now(), n
			return false
		}
		w.lease.mu.Lock()
		defer w.lease.mu.Unlock()
		return w.lease.alive.After(since.Add(2*heartbeat)) && quiet.ended.Load() == ended
	})
	quiet.unanswered.Store(0)
	closeWriter(t, w)
}
