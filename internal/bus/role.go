package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Role is what a process does with the bus, and so what its user there must be permitted.
type Role int

// The roles.
const (
	All    Role = iota // writes and reads
	Ingest             // writes: makes streams, and buckets that are missing; holds leases
	Edge               // reads: makes and changes none of these, and waits for those that are missing
	Mirror             // keeps streams of another domain up for edges: neither writes nor reads media
)

// ErrRole is what an edge is told that wants to write.
var ErrRole = errors.New("an edge does not write on the bus")

// awaitPoll is how often what is missing is looked for.
const awaitPoll = 500 * time.Millisecond

// inbox is where answers go: each role has its own, so that users can be kept from what is answered to others.
func (r Role) inbox() string {
	return [...]string{All: "_INBOX", Ingest: "_INBOX_ingest", Edge: "_INBOX_edge", Mirror: "_INBOX"}[r]
}

// mayWrite is nil, or ErrRole.
func (b *Bus) mayWrite(channel string) error {
	if b.cfg.Role == Edge || b.cfg.Role == Mirror {
		return fmt.Errorf("channel %s: %w", channel, ErrRole)
	}
	return nil
}

// awaitBucket binds to a bucket that is there, or will be; Ready says meanwhile what is waited for. Only the end of ctx or of the bus
// ends it without one.
func (b *Bus) awaitBucket(ctx context.Context, bucket string) (jetstream.KeyValue, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.ctx, func() { cancel(ErrClosed) })()
	what := "KV bucket " + bucket
	defer b.arrived(what)
	for {
		kv, err := b.bindBucket(ctx, bucket)
		if err == nil {
			return kv, nil
		}
		if ctx.Err() == nil {
			b.await(what, err)
		}
		if !pause(ctx, awaitPoll) {
			return nil, fmt.Errorf("bus: %s: %w", what, context.Cause(ctx))
		}
	}
}

func (b *Bus) bindBucket(ctx context.Context, bucket string) (jetstream.KeyValue, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return b.js.KeyValue(ctx, bucket)
}

// makeBucket binds to a bucket, and makes it where it is missing. One that is there stays as it is: an ingest of many does not change
// what all share.
func (b *Bus) makeBucket(ctx context.Context, cfg jetstream.KeyValueConfig) (jetstream.KeyValue, error) {
	kv, err := b.js.KeyValue(ctx, cfg.Bucket)
	if !errors.Is(err, jetstream.ErrBucketNotFound) {
		return kv, err
	}
	kv, err = b.js.CreateKeyValue(ctx, cfg)
	if errors.Is(err, jetstream.ErrBucketExists) { // another has made it meanwhile, in its own way
		return b.js.KeyValue(ctx, cfg.Bucket)
	}
	return kv, err
}

// await notes that something is missing, and why. It is logged once.
func (b *Bus) await(what string, why error) {
	b.mu.Lock()
	_, known := b.missing[what]
	b.missing[what] = why
	b.mu.Unlock()
	if !known {
		b.cfg.Log.Warn("bus: waiting for what is missing", "what", what, "error", why)
	}
}

// arrived notes that it is there, or not waited for any more.
func (b *Bus) arrived(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.missing, what)
}

// awaited is nil, or what is missing, one error for each.
func (b *Bus) awaited() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []error
	for _, what := range slices.SortedFunc(maps.Keys(b.missing), cmp.Compare[string]) {
		all = append(all, fmt.Errorf("bus: waiting for %s: %w", what, b.missing[what]))
	}
	return errors.Join(all...)
}

// find is the reader's stream. An edge says what it waits for until it has found the first: when others are there, what is missing is that of a channel
// that no ingest has made yet, and a new channel takes no edge out.
func (r *reader) find(ctx context.Context) (jetstream.Stream, error) {
	s, err := r.bus.readJS.Stream(ctx, streamName(r.channel))
	if r.bus.cfg.Role != Edge {
		return s, err
	}
	switch {
	case err == nil:
		r.bus.foundStream()
	case errors.Is(err, jetstream.ErrStreamNotFound) && !r.bus.hasFound():
		r.bus.await(r.awaits(), err)
	}
	return s, err
}

const aStream = "the stream of channel "

func (r *reader) awaits() string { return aStream + r.channel }

func (b *Bus) hasFound() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found
}

// foundStream notes that there is one.
func (b *Bus) foundStream() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = true
	maps.DeleteFunc(b.missing, func(what string, _ error) bool { return strings.HasPrefix(what, aStream) })
}
