package catalog

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// settings are those of one thing that operators set, a channel or an asset.
type settings[V any] interface {
	Validate() error
	equal(V) bool
	revised(revision uint64) V // the same at that revision
}

// patch is a change of some of a V's settings.
type patch[V, P any] interface {
	Apply(V) V
	merge(P) P
	equal(P) bool
}

// kind is what things a store has.
type kind[V any, P any] struct {
	name    string            // "channel": what messages and logs call one of them
	most    int               // how many there may be at one time
	records int               // how many the bucket can make a process remember, tombstones included
	fresh   func(id string) V // one with the default settings
	encode  func(record[P]) ([]byte, error)
	decode  func([]byte) (record[P], error)
	check   func(V) error // what the API has to keep to beside V.Validate, a *FieldError; nil: nothing
}

// store is all things of a kind, as this process sees them: those of the file, overlaid with what the bucket holds.
type store[V settings[V], P patch[V, P]] struct {
	kind kind[V, P]
	kv   jetstream.KeyValue
	base map[string]V // of the configuration file; not changed after start
	log  *slog.Logger

	stop context.CancelFunc // ends the goroutines
	ctx  context.Context    // of the goroutines
	wg   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	stored   map[string]stored[P] // what the bucket holds, by ID
	now      map[string]V         // effective settings
	ids      []string             // keys of now, sorted; nil: they have to be sorted anew
	made     map[string]uint64    // which making of the thing it is: one that was deleted and made again is another
	makings  uint64
	watchers map[*watcher]struct{}
}

// stored is a record as it was last read or written.
type stored[P any] struct {
	record[P]
	revision uint64 // of the bucket's key
}

func (s *store[V, P]) init(k kind[V, P], kv jetstream.KeyValue, log *slog.Logger) {
	s.kind, s.kv, s.log = k, kv, log
	s.base, s.now, s.stored = make(map[string]V), make(map[string]V), make(map[string]stored[P])
	s.made, s.watchers = make(map[string]uint64), make(map[*watcher]struct{})
}

// hold takes in one of the configuration file, before start.
func (s *store[V, P]) hold(id string, v V) error {
	if err := v.Validate(); err != nil {
		return fmt.Errorf("%s %s: %w", s.kind.name, id, err)
	}
	if _, twice := s.base[id]; twice {
		return fmt.Errorf("%s %s: %w", s.kind.name, id, invalid("id", "%q is there twice", id))
	}
	if len(s.base) >= s.kind.most {
		return fmt.Errorf("%w in the configuration, at most %d %ss", ErrFull, s.kind.most, s.kind.name)
	}
	s.base[id], s.now[id] = v, v
	return nil
}

// start reads the bucket and watches it from then on. ctx bounds the reading only.
func (s *store[V, P]) start(ctx context.Context) error {
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := s.startSync(ctx); err != nil {
		s.stop()
		s.wg.Wait()
		return err
	}
	return nil
}

// Close ends all watching, closes the channels that Watch gave, and waits for the goroutines. It is idempotent.
func (s *store[V, P]) Close() {
	s.mu.Lock()
	s.closed = true // no goroutine is added after this
	s.mu.Unlock()
	s.stop()
	s.wg.Wait()
}

// get is the effective settings of the one of that ID.
func (s *store[V, P]) get(id string) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.now[id]
	return v, ok
}

// Deleted tells whether somebody deleted the one of that ID, and nobody has made it again. Of one that never was, or that the
// file does not have any more, it is false.
func (s *store[V, P]) Deleted(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored[id].deleted
}

// page is the first ones behind the ID after whose IDs begin with prefix, at most limit, sorted by ID.
func (s *store[V, P]) page(prefix, after string, limit int) []V {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.sorted()
	if i, found := slices.BinarySearch(ids, max(prefix, after)); found && after >= prefix {
		ids = ids[i+1:]
	} else {
		ids = ids[i:]
	}
	all := make([]V, 0, min(limit, len(ids)))
	for _, id := range ids {
		if len(all) == limit || !strings.HasPrefix(id, prefix) {
			break
		}
		all = append(all, s.now[id])
	}
	return all
}

// sorted is the IDs of all. s.mu is held.
func (s *store[V, P]) sorted() []string {
	if s.ids == nil {
		s.ids = make([]string, 0, len(s.now))
		for id := range s.now {
			s.ids = append(s.ids, id)
		}
		slices.Sort(s.ids)
	}
	return s.ids
}

// origin is the one of that ID before any patch, and whether the file has it.
func (s *store[V, P]) origin(id string) (V, bool) {
	if v, ok := s.base[id]; ok {
		return v, true
	}
	return s.kind.fresh(id), false
}
