package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"weir/internal/kvwatch"
)

// retryEvery is how long a store waits before it watches the bucket anew.
const retryEvery = time.Second

// errWatchEnded is the end of a watch that nobody asked for.
var errWatchEnded = errors.New("the bus ended the watch of the bucket")

// startSync reads all of the bucket, then leaves a goroutine behind that follows it.
func (s *store[V, P]) startSync(ctx context.Context) error {
	w, err := kvwatch.All(ctx, s.kv)
	if err != nil {
		return err
	}
	if err := s.follow(ctx, w, true); err != nil {
		w.End()
		return err
	}
	s.wg.Go(func() { s.keepFollowing(w) })
	return nil
}

// keepFollowing follows the bucket until Close, and begins again after whatever ended that.
func (s *store[V, P]) keepFollowing(w *kvwatch.Watch) {
	for {
		err := s.follow(s.ctx, w, false)
		w.End()
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
			w, err = kvwatch.All(s.ctx, s.kv)
		}
	}
}

// follow takes in what the bucket holds: up to its present state, or until the watch or ctx ends.
func (s *store[V, P]) follow(ctx context.Context, w *kvwatch.Watch, presentOnly bool) error {
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
