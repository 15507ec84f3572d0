package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// errExpired says that nobody has a lease that was one's own: it could not be renewed in time, because the bus was away.
var errExpired = errors.New("it has expired")

// regain takes a lease again that has expired, if nobody has written meanwhile, so that what the writer kept is still what follows. Until then the
// writer sends nothing, and its feed goes on. The error is ErrLost where another has been there.
func (l *lease) regain(ctx context.Context) (uint64, error) {
	rev, err := l.bus.leases.Create(ctx, l.channel, l.value)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return 0, fmt.Errorf("%w: another took it when it had expired", ErrLost)
	}
	if err != nil {
		return 0, err
	}
	if err := l.unwritten(ctx); err != nil {
		// A successor, dead or gone by now, has closed what this writer left open; or nobody knows yet. The next attempt begins anew.
		return 0, errors.Join(err, l.bus.leases.Delete(ctx, l.channel, jetstream.LastRevision(rev)))
	}
	l.log.Info("bus: lease had expired, and was taken again: nobody else has written", "epoch", l.writes)
	return rev, nil
}

// unwritten is nil where no writer has come after this one: each leaves its epoch in the record of the channel's state, and before that perhaps in messages.
func (l *lease) unwritten(ctx context.Context) error {
	var s state
	if err := l.bus.jsonRecord(ctx, stateKey(l.channel), &s); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	newest := s.Epoch
	m, err := l.bus.lastMessage(ctx, l.channel, subjectRoot+l.channel+".>")
	if err = notThere(err); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if newest = max(newest, m.Epoch); newest > l.writes {
		return fmt.Errorf("%w: a writer of epoch %d came after this one, of epoch %d", ErrLost, newest, l.writes)
	}
	return nil
}
