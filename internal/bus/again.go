package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// askAgain is how long an answer is waited for before the question is asked once more: much longer than one takes.
	askAgain = 500 * time.Millisecond
	// maxAsked bounds how often one question is asked.
	maxAsked = 16
)

// again asks JetStream, and asks once more where there is no answer for a while, and at once when a connection was lost or has come back: a
// question to a node that is gone, or to a stream without a leader, is never answered. The first answer to any of them counts, so that a slow one
// is not missed. It must do no harm to ask twice. It ends with requestTimeout.
func again[T any](ctx context.Context, b *Bus, ask func(ctx context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
		first bool
	}
	answers := make(chan answer, maxAsked)
	var asking sync.WaitGroup
	defer asking.Wait()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	asked := 0
	once := func() {
		if asked == maxAsked {
			return
		}
		first := asked == 0
		asked++
		asking.Go(func() {
			value, err := ask(ctx)
			answers <- answer{value, err, first}
		})
	}
	next := time.NewTicker(askAgain)
	defer next.Stop()
	disturbed := b.disturbance()
	once()
	for {
		select {
		case a := <-answers:
			if !isUnanswered(a.err) || a.first && isAway(a.err) {
				return a.value, a.err
			}
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		case <-disturbed:
			disturbed = b.disturbance()
			once()
		case <-next.C:
			once()
		}
	}
}

// isUnanswered tells whether an error says that JetStream has not answered, or that it may do so later.
func isUnanswered(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || notYet(err) || isAway(err)
}

// isAway tells whether nobody was there to ask. To begin with, that is an answer; later somebody may come in time.
func isAway(err error) bool {
	for _, away := range []error{
		nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrReconnectBufExceeded, nats.ErrConnectionReconnecting, jetstream.ErrNoStreamResponse,
	} {
		if errors.Is(err, away) {
			return true
		}
	}
	return false
}

// Codes of errors with which JetStream answers that it may answer later.
const (
	clusterNotThere jetstream.ErrorCode = 10008
	beingStored     jetstream.ErrorCode = 10158 // the same message, sent before
)

func notYet(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == clusterNotThere || api.ErrorCode == beingStored)
}
