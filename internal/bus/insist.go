package bus

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// How long the making of something may take in all, and how long an answer is waited for before it is asked for again: one to two of unanswered.
const (
	insistTimeout = 6 * requestTimeout
	unanswered    = 2 * time.Second
)

// insist makes something, and asks again where there is no answer: when several ingests of a cluster start at the same time and make the same stream,
// NATS makes one, and may answer none of them.
func insist(ctx context.Context, request func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, insistTimeout)
	defer cancel()
	for {
		one, stop := context.WithTimeout(ctx, unanswered+rand.N(unanswered))
		err := request(one)
		stop()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}
