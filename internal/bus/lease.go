package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// leaseBucketName is where channels' leases are. Its TTL ends the lease of a holder that is dead; a TTL of the key itself would
// be cleared by the first renewal.
const leaseBucketName = "weir-leases"

// leaseBucket makes the bucket where it is missing.
func (b *Bus) leaseBucket(ctx context.Context) (jetstream.KeyValue, error) {
	return b.bucket(ctx, jetstream.KeyValueConfig{Bucket: leaseBucketName, TTL: b.cfg.LeaseTTL})
}

// voidLeases ends all leases. Revisions go on.
func (b *Bus) voidLeases(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	s, err := b.js.Stream(ctx, "KV_"+leaseBucketName)
	if err == nil {
		err = s.Purge(ctx)
	}
	if err != nil {
		return fmt.Errorf("bus: end the leases of a dead process: %w", err)
	}
	return nil
}

// holder is a lease's value.
type holder struct {
	Instance string    `json:"instance"`
	Nonce    string    `json:"nonce"` // tells this hold from all others
	Since    time.Time `json:"since"`
}

// lease is a hold on a channel. One goroutine renews it.
type lease struct {
	bus     *Bus
	channel string
	value   []byte
	nonce   string
	epoch   uint64 // revision at which it was taken
	writes  uint64 // the epoch of its writer, that or a higher one
	log     *slog.Logger

	mu        sync.Mutex
	revision  uint64
	renewed   time.Time // when the last renewal that succeeded was begun
	gone      bool
	lost      chan struct{}
	shared    func()    // called when it is sure again; nil: nobody stands by for it
	alive     time.Time // when the process was known to run, and to be connected
	doubted   bool      // for a while it was not, so that another may have the lease
	doubtedAt time.Time // when that was found out last
	asked     time.Time // when that was looked for last
}

// takeLease takes the channel's lease, where from is not nil from that holder, who is dead. The error is ErrTaken, with who has it, where it
// is held.
func (b *Bus) takeLease(ctx context.Context, channel string, from *Hold) (*lease, error) {
	l := &lease{
		bus: b, channel: channel, nonce: nuid.Next(), renewed: time.Now(), lost: make(chan struct{}), log: b.log(channel),
	}
	var err error
	if l.value, err = json.Marshal(holder{b.cfg.Instance, l.nonce, b.cfg.Now().UTC()}); err != nil {
		return nil, err
	}
	// Each attempt names the revision that it follows, so that one of them succeeds at most; those after it find what it has stored.
	l.revision, err = again(ctx, b, func(ctx context.Context) (uint64, error) {
		if from == nil {
			rev, err := b.leases.Create(ctx, channel, l.value)
			if errors.Is(err, jetstream.ErrKeyExists) {
				return l.retake(ctx)
			}
			return rev, err
		}
		rev, err := b.leases.Update(ctx, channel, l.value, from.revision)
		if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			if rev, err = l.adopt(ctx); errors.Is(err, ErrLost) || errors.Is(err, errExpired) {
				err = fmt.Errorf("%w: instance %q has moved", ErrTaken, from.Instance)
			}
		}
		return rev, err
	})
	if err != nil {
		return nil, fmt.Errorf("channel %s: take the lease: %w", channel, err)
	}
	l.epoch = l.revision
	return l, nil
}

// retake takes over a lease that this very instance had before it was started again, or that an attempt of this hold has got whose answer did not
// arrive.
func (l *lease) retake(ctx context.Context) (uint64, error) {
	h, err := l.bus.Holder(ctx, l.channel)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, fmt.Errorf("%w: it changes hands", ErrTaken)
	case errors.Is(err, ErrMalformed):
		return 0, fmt.Errorf("%w: %w", ErrTaken, err)
	case err != nil:
		return 0, err
	case h.nonce == l.nonce:
		return h.revision, nil
	case h.Instance != l.bus.cfg.Instance:
		return 0, fmt.Errorf("%w: instance %q since %s", ErrTaken, h.Instance, h.Since.Format(time.RFC3339))
	}
	rev, err := l.bus.leases.Update(ctx, l.channel, l.value, h.revision)
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		if rev, err = l.adopt(ctx); errors.Is(err, ErrLost) || errors.Is(err, errExpired) {
			return 0, fmt.Errorf("%w: it changes hands", ErrTaken)
		}
	}
	return rev, err
}

// valid tells whether the hold is sure: nobody else can have got it meanwhile.
func (l *lease) valid() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.gone && time.Since(l.renewed) < l.bus.cfg.LeaseTTL
}

// keep renews the lease until ctx ends or it is lost, which closes l.lost. While the bus is away it may expire, and is then taken again, if nobody
// else has written.
func (l *lease) keep(ctx context.Context) {
	ttl := l.bus.cfg.LeaseTTL
	every, beat := time.NewTicker(ttl/3), time.NewTicker(heartbeat)
	defer every.Stop()
	defer beat.Stop()
	// A renewal is not answered while a leader is elected. The process is alive meanwhile, and takes note of it.
	var renewing chan error
	told := false
	for {
		select {
		case <-ctx.Done():
			if renewing != nil {
				<-renewing
			}
			return
		case err := <-renewing:
			renewing = nil
			if !l.renewal(ctx, err, told) {
				return
			}
			continue
		case <-beat.C:
			if !l.beat() {
				continue
			}
		case <-every.C:
		}
		if renewing == nil {
			told = !l.valid()
			done := make(chan error, 1)
			go func() { done <- l.renew(ctx) }()
			renewing = done
		}
	}
}

// renewal takes note of what has come of a renewal; told says that the lease was known not to be sure before. It is false where the lease is lost.
func (l *lease) renewal(ctx context.Context, err error, told bool) bool {
	if err == nil || ctx.Err() != nil {
		return true
	}
	level := slog.LevelWarn
	if told {
		level = slog.LevelDebug
	}
	l.log.Log(ctx, level, "bus: lease was not renewed", "error", err)
	if !errors.Is(err, ErrLost) {
		return true
	}
	l.mu.Lock()
	l.gone = true
	l.mu.Unlock()
	close(l.lost)
	return false
}

// renew is one renewal. The error is ErrLost where another has the lease.
func (l *lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.bus.cfg.LeaseTTL/4)
	defer cancel()
	begun := time.Now()
	l.mu.Lock()
	from := l.revision
	l.mu.Unlock()
	rev, err := again(ctx, l.bus, func(ctx context.Context) (uint64, error) {
		rev, err := l.bus.leases.Update(ctx, l.channel, l.value, from)
		if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			// Perhaps by a renewal of our own whose answer did not arrive.
			rev, err = l.adopt(ctx)
		}
		return rev, err
	})
	if errors.Is(err, errExpired) {
		rev, err = l.regain(ctx)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.revision, l.renewed = rev, begun
	sure := l.doubted && begun.After(l.doubtedAt) // the answer to an earlier one says nothing of what has been since
	l.doubted = l.doubted && !sure
	l.mu.Unlock()
	if sure {
		l.shared()
	}
	return nil
}

// adopt is the lease's revision, if it is still this hold's.
func (l *lease) adopt(ctx context.Context) (uint64, error) {
	m, err := l.bus.last(ctx, "KV_"+leaseBucketName, "$KV."+leaseBucketName+"."+l.channel)
	if errors.Is(err, ErrNotFound) || err == nil && m.Header.Get("KV-Operation") != "" {
		return 0, errExpired
	}
	if err != nil {
		return 0, err
	}
	var h holder
	if err := json.Unmarshal(m.Data, &h); err != nil || h.Nonce != l.nonce {
		return 0, fmt.Errorf("%w: instance %q has it", ErrLost, h.Instance)
	}
	return m.Seq, nil
}

// release gives the lease back, unless another has it meanwhile. Nobody renews it any more.
func (l *lease) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	l.mu.Lock()
	rev, gone := l.revision, l.gone
	l.mu.Unlock()
	if gone {
		return nil
	}
	err := l.bus.leases.Delete(ctx, l.channel, jetstream.LastRevision(rev))
	var api *jetstream.APIError
	if errors.As(err, &api) && isWrongSequence(int(api.ErrorCode)) {
		return nil // it is not ours any more
	}
	if err != nil {
		return fmt.Errorf("channel %s: release the lease: %w", l.channel, err)
	}
	return nil
}
