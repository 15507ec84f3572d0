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

	mu       sync.Mutex
	revision uint64
	renewed  time.Time // when the last renewal that succeeded was begun
	gone     bool
	lost     chan struct{}
	shared   func()    // called when it is sure again; nil: nobody stands by for it
	alive    time.Time // when the process was known to run, and to be connected
	doubted  bool      // for a while it was not, so that another may have the lease
	asked    time.Time // when that was looked for last
}

// takeLease takes the channel's lease, where from is not nil from that holder, who is dead. The error is ErrTaken, with who has it, where it
// is held.
func (b *Bus) takeLease(ctx context.Context, channel string, from *Hold) (*lease, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	l := &lease{
		bus: b, channel: channel, nonce: nuid.Next(), renewed: time.Now(), lost: make(chan struct{}), log: b.log(channel),
	}
	var err error
	if l.value, err = json.Marshal(holder{b.cfg.Instance, l.nonce, b.cfg.Now().UTC()}); err != nil {
		return nil, err
	}
	if from != nil {
		l.revision, err = b.leases.Update(ctx, channel, l.value, from.revision)
		if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			err = fmt.Errorf("%w: instance %q has moved", ErrTaken, from.Instance)
		}
	} else if l.revision, err = b.leases.Create(ctx, channel, l.value); errors.Is(err, jetstream.ErrKeyExists) {
		l.revision, err = b.retakeLease(ctx, channel, l.value)
	}
	if err != nil {
		return nil, fmt.Errorf("channel %s: take the lease: %w", channel, err)
	}
	l.epoch = l.revision
	return l, nil
}

// retakeLease takes over a lease that this very instance had before it was started again.
func (b *Bus) retakeLease(ctx context.Context, channel string, value []byte) (uint64, error) {
	e, err := b.leases.Get(ctx, channel)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, fmt.Errorf("%w: it changes hands", ErrTaken)
	}
	if err != nil {
		return 0, err
	}
	var h holder
	if err := json.Unmarshal(e.Value(), &h); err != nil || h.Instance != b.cfg.Instance {
		return 0, fmt.Errorf("%w: instance %q since %s", ErrTaken, h.Instance, h.Since.Format(time.RFC3339))
	}
	rev, err := b.leases.Update(ctx, channel, value, e.Revision())
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return 0, fmt.Errorf("%w: it changes hands", ErrTaken)
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
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if !l.beat() {
				continue
			}
		case <-every.C:
		}
		told := !l.valid()
		if err := l.renew(ctx); err != nil && ctx.Err() == nil {
			level := slog.LevelWarn
			if told {
				level = slog.LevelDebug
			}
			l.log.Log(ctx, level, "bus: lease was not renewed", "error", err)
			if errors.Is(err, ErrLost) {
				l.mu.Lock()
				l.gone = true
				l.mu.Unlock()
				close(l.lost)
				return
			}
		}
	}
}

// renew is one renewal. The error is ErrLost where another has the lease.
func (l *lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.bus.cfg.LeaseTTL/4)
	defer cancel()
	begun := time.Now()
	l.mu.Lock()
	rev := l.revision
	l.mu.Unlock()
	rev, err := l.bus.leases.Update(ctx, l.channel, l.value, rev)
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		// Perhaps by a renewal of our own whose answer did not arrive.
		rev, err = l.adopt(ctx)
	}
	if errors.Is(err, errExpired) {
		rev, err = l.regain(ctx)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.revision, l.renewed = rev, begun
	l.alive = time.Now()
	sure := l.doubted
	l.doubted = false
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
