package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// retryEvery is how long a store waits before it watches the bucket anew.
const retryEvery = time.Second

// How long the client has to begin and to end a watch.
const (
	beginWithin = 10 * time.Second
	endWithin   = 5 * time.Second
)

// errWatchEnded is the end of a watch that nobody asked for.
var errWatchEnded = errors.New("the bus ended the watch of the bucket")

// startSync reads all of the bucket, then leaves a goroutine behind that follows it.
func (s *store[V, P]) startSync(ctx context.Context) error {
	w, err := s.watchBucket(ctx)
	if err != nil {
		return err
	}
	if err := s.follow(ctx, w, true); err != nil {
		w.end()
		return err
	}
	s.wg.Go(func() { s.keepFollowing(w) })
	return nil
}

// keepFollowing follows the bucket until Close, and begins again after whatever ended that.
func (s *store[V, P]) keepFollowing(w *bucketWatch) {
	for {
		err := s.follow(s.ctx, w, false)
		w.end()
		for w = nil; w == nil; {
			if s.ctx.Err() != nil {
				return
			}
			s.log.Error("changes by other processes are not seen for the moment", "of", s.kind.name, "err", err)
			again := time.NewTimer(retryEvery)
			select {
			case <-s.ctx.Done():
				again.Stop()
				return
			case <-again.C:
			}
			w, err = s.watchBucket(s.ctx)
		}
	}
}

// follow takes in what the bucket holds: up to its present state, or until the watch or ctx ends.
func (s *store[V, P]) follow(ctx context.Context, w *bucketWatch, presentOnly bool) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-w.Updates():
			switch {
			case !ok:
				return errWatchEnded
			case e == nil: // all that was there has been handed over
				if presentOnly {
					return nil
				}
			default:
				s.take(e)
			}
		}
	}
}

// take reads one value of the bucket, which anybody with access to the bus may have written.
func (s *store[V, P]) take(e jetstream.KeyValueEntry) {
	id := e.Key()
	if err := ValidateID(id); err != nil {
		s.log.Error("stored settings ignored: the key is no ID", "of", s.kind.name, "err", err)
		return
	}
	if e.Operation() != jetstream.KeyValuePut {
		s.forget(id, e.Revision())
		return
	}
	r, err := s.kind.decode(e.Value())
	if err != nil {
		s.log.Error("stored settings ignored", s.kind.name, id, "revision", e.Revision(), "err", err)
		return
	}
	s.learn(id, stored[P]{record: r, revision: e.Revision()})
}

// bucketWatch is a watch of the bucket with the context that it runs under.
type bucketWatch struct {
	jetstream.KeyWatcher
	cancel context.CancelFunc
}

// watchBucket begins a watch, which outlives ctx.
func (s *store[V, P]) watchBucket(ctx context.Context) (*bucketWatch, error) {
	own, cancel := context.WithCancel(context.Background())
	begin, done := context.WithTimeout(ctx, beginWithin)
	defer done()
	release := context.AfterFunc(begin, cancel)
	w, err := s.kv.WatchAll(own)
	if err != nil {
		release()
		cancel()
		return nil, errors.Join(begin.Err(), err)
	}
	b := &bucketWatch{KeyWatcher: w, cancel: cancel}
	if !release() {
		b.end()
		return nil, begin.Err()
	}
	return b, nil
}

// end ends the watch. Its updates must be read until the client closes them: its goroutine may be blocked on them. The client
// forgets to close where its connection or context ended at the very start of the watch, hence the limit.
func (w *bucketWatch) end() {
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
