// Package kvwatch watches buckets of the bus: watches that begin within bounded time, and end without a goroutine left behind.
package kvwatch

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// How long the client has to begin and to end a watch.
const (
	beginWithin = 10 * time.Second
	endWithin   = 5 * time.Second
)

// Watch is a watch of a bucket, with the context that it runs under. Updates is closed when the bus ends it; whoever begins one calls End in any case.
type Watch struct {
	jetstream.KeyWatcher
	cancel context.CancelFunc
}

// All begins a watch of all keys, which outlives ctx.
func All(ctx context.Context, kv jetstream.KeyValue) (*Watch, error) {
	own, cancel := context.WithCancel(context.Background())
	begin, done := context.WithTimeout(ctx, beginWithin)
	defer done()
	release := context.AfterFunc(begin, cancel)
	kw, err := kv.WatchAll(own)
	if err != nil {
		release()
		cancel()
		return nil, errors.Join(begin.Err(), err)
	}
	w := &Watch{KeyWatcher: kw, cancel: cancel}
	if !release() {
		w.End()
		return nil, begin.Err()
	}
	return w, nil
}

// End ends the watch. Its updates must be read until the client closes them: its goroutine may be blocked on them. The client
// forgets to close where its connection or context ended at the very start of the watch, hence the limit.
func (w *Watch) End() {
	defer w.cancel()
	_ = w.Stop() // an error says only that it has ended already
	limit := time.NewTimer(endWithin)
	defer limit.Stop()
	for {
		select {
		case _, ok := <-w.Updates():
			if !ok {
				return
			}
		case <-limit.C:
			return
		}
	}
}
