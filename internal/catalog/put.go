package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// maxTries is how often a change is tried again on top of the newer changes of others.
const maxTries = 10

// Put sets what p has on the one of that ID; the rest stays. Where there is none it is created, from the file's
// settings or the defaults. What is put outlives a restart and wins over the file. It is in effect when Put returns.
//
// Errors: a *FieldError (ErrInvalid), ErrFull, ErrConflict, or what the bus said.
func (s *store[V, P]) Put(ctx context.Context, id string, p P) (v V, created bool, err error) {
	if err := ValidateID(id); err != nil {
		return v, false, err
	}
	revision, err := s.change(ctx, id, func(now record[P], inBucket bool) (record[P], bool, error) {
		before, none := now.patch, *new(P)
		if now.deleted {
			before = none // what it had was deleted with it
		}
		next := record[P]{patch: before.merge(p)}
		var fromFile bool
		v, fromFile = s.origin(id)
		v = next.patch.Apply(v)
		if err := v.Validate(); err != nil {
			return record[P]{}, false, err
		}
		if s.kind.check != nil {
			if err := s.kind.check(v); err != nil {
				return record[P]{}, false, err
			}
		}
		was := !now.deleted && (fromFile || inBucket && s.valid(id, now))
		created = !was
		if created && s.full() {
			return record[P]{}, false, fmt.Errorf("%w, at most %d %ss", ErrFull, s.kind.most, s.kind.name)
		}
		return next, created || !next.patch.equal(before), nil
	})
	if err != nil {
		return *new(V), false, fmt.Errorf("%s %s: %w", s.kind.name, id, err)
	}
	return v.revised(revision), created, nil
}

// Delete takes the one of that ID away, until it is put again: also one that the file has. Errors: ErrNotFound, ErrConflict, or what
// the bus said.
func (s *store[V, P]) Delete(ctx context.Context, id string) error {
	if ValidateID(id) != nil {
		return fmt.Errorf("%s %.70q: %w", s.kind.name, id, ErrNotFound)
	}
	_, err := s.change(ctx, id, func(now record[P], inBucket bool) (record[P], bool, error) {
		if _, fromFile := s.origin(id); now.deleted || !inBucket && !fromFile {
			return record[P]{}, false, ErrNotFound
		}
		return record[P]{deleted: true}, true, nil
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", s.kind.name, id, err)
	}
	return nil
}

// full tells whether there is room for no further one.
func (s *store[V, P]) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.now) >= s.kind.most || len(s.stored) >= s.kind.records
}

// change replaces the bucket's record of the ID by what edit makes of it, unless edit says that nothing has to be written. It
// begins anew where another process was faster, so edit may be called several times. It gives the revision of the record, 0 of none.
func (s *store[V, P]) change(ctx context.Context, id string,
	edit func(now record[P], inBucket bool) (next record[P], write bool, err error),
) (revision uint64, err error) {
	for range maxTries {
		now, inBucket, err := s.fetch(ctx, id)
		if err != nil {
			return 0, err
		}
		next, write, err := edit(now.record, inBucket)
		if err != nil {
			return 0, err
		}
		if !write {
			if !inBucket {
				return 0, nil
			}
			s.learn(id, now)
			return now.revision, nil
		}
		value, err := s.kind.encode(next)
		if err != nil {
			return 0, fmt.Errorf("encode settings: %w", err)
		}
		if now.revision == 0 {
			revision, err = s.kv.Create(ctx, id, value)
		} else {
			revision, err = s.kv.Update(ctx, id, value, now.revision)
		}
		if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("store settings on the bus: %w", err)
		}
		s.learn(id, stored[P]{record: next, revision: revision})
		return revision, nil
	}
	return 0, ErrConflict
}

// valid tells whether the bucket's record is valid.
func (s *store[V, P]) valid(id string, r record[P]) bool {
	v, _ := s.origin(id)
	return r.patch.Apply(v).Validate() == nil
}

// fetch reads the bucket's record of the ID. One that cannot be read counts as not there, but its revision is known, so that a
// Put mends it.
func (s *store[V, P]) fetch(ctx context.Context, id string) (from stored[P], inBucket bool, err error) {
	e, err := s.kv.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) { // ErrKeyDeleted is one of them
		return stored[P]{}, false, nil
	}
	if err != nil {
		return stored[P]{}, false, fmt.Errorf("read settings from the bus: %w", err)
	}
	r, err := s.kind.decode(e.Value())
	if err != nil {
		return stored[P]{revision: e.Revision()}, false, nil
	}
	return stored[P]{record: r, revision: e.Revision()}, true, nil
}
