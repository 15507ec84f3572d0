package bus

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// makeStream makes a stream, or changes one that is not as it is to be. Most often, when an ingest starts, there is nothing to be done: a change is for all
// servers of a cluster to agree on. One that is older than since is of no use any more, and is made anew.
func (b *Bus) makeStream(ctx context.Context, cfg jetstream.StreamConfig, since time.Time) (jetstream.Stream, error) {
	s, err := b.js.Stream(ctx, cfg.Name)
	if err == nil && s.CachedInfo().Created.Before(since) {
		if err = b.js.DeleteStream(ctx, cfg.Name); err == nil {
			err = jetstream.ErrStreamNotFound
		}
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if s, err = b.js.CreateStream(ctx, cfg); errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another has made it meanwhile, in its own way
			s, err = b.js.Stream(ctx, cfg.Name)
		}
	}
	if err != nil || alike(s.CachedInfo().Config, cfg) {
		return s, err
	}
	return b.js.UpdateStream(ctx, cfg)
}

// alike tells whether a stream is as it is to be, by what of a stream is ever chosen here.
func alike(is, wanted jetstream.StreamConfig) bool {
	return is.Storage == wanted.Storage && is.Retention == wanted.Retention && is.Discard == wanted.Discard && is.Replicas == wanted.Replicas &&
		is.MaxAge == wanted.MaxAge && is.AllowDirect == wanted.AllowDirect && slices.Equal(is.Subjects, wanted.Subjects) &&
		(wanted.Duplicates == 0 || is.Duplicates == wanted.Duplicates) &&
		(wanted.MaxMsgsPerSubject == 0 || is.MaxMsgsPerSubject == wanted.MaxMsgsPerSubject) &&
		slices.EqualFunc(is.Sources, wanted.Sources, func(a, b *jetstream.StreamSource) bool {
			return a.Name == b.Name && a.FilterSubject == b.FilterSubject
		})
}
