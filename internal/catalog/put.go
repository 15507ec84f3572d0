package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// maxTries is how often a change is tried again on top of the newer changes of others.
const maxTries = 10

// Put sets what p has on the channel of that ID; the rest stays. Where there is no such channel it is created, from the file's
// settings or the defaults. What is put outlives a restart and wins over the file. It is in effect when Put returns.
//
// Errors: a *FieldError (ErrInvalid), ErrFull, ErrConflict, or what the bus said.
func (c *Catalog) Put(ctx context.Context, id string, p Patch) (ch Channel, created bool, err error) {
	if err := ValidateID(id); err != nil {
		return Channel{}, false, err
	}
	err = c.change(ctx, id, func(now record, inBucket bool) (record, bool, error) {
		before := now.patch
		if now.deleted {
			before = Patch{} // what it had was deleted with it
		}
		next := record{patch: before.merge(p)}
		var fromFile bool
		ch, fromFile = c.start(id)
		ch = next.patch.Apply(ch)
		if err := ch.Validate(); err != nil {
			return record{}, false, err
		}
		was := !now.deleted && (fromFile || inBucket && c.valid(id, now))
		created = !was
		if created && c.full() {
			return record{}, false, fmt.Errorf("%w: at most %d", ErrFull, MaxChannels)
		}
		return next, created || !next.patch.equal(before), nil
	})
	if err != nil {
		return Channel{}, false, fmt.Errorf("channel %s: %w", id, err)
	}
	if now, ok := c.Channel(id); ok {
		ch.Revision = now.Revision
	}
	return ch, created, nil
}

// Delete takes the channel away, until it is put again: also one that the file has. Errors: ErrNotFound, ErrConflict, or what
// the bus said.
func (c *Catalog) Delete(ctx context.Context, id string) error {
	if ValidateID(id) != nil {
		return fmt.Errorf("channel %.70q: %w", id, ErrNotFound)
	}
	err := c.change(ctx, id, func(now record, inBucket bool) (record, bool, error) {
		if _, fromFile := c.start(id); now.deleted || !inBucket && !fromFile {
			return record{}, false, ErrNotFound
		}
		return record{deleted: true}, true, nil
	})
	if err != nil {
		return fmt.Errorf("channel %s: %w", id, err)
	}
	return nil
}

// full tells whether there is room for no further channel.
func (c *Catalog) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.channels) >= MaxChannels || len(c.stored) >= maxRecords
}

// change replaces the bucket's record of the ID by what edit makes of it, unless edit says that nothing has to be written. It
// begins anew where another process was faster, so edit may be called several times.
func (c *Catalog) change(ctx context.Context, id string,
	edit func(now record, inBucket bool) (next record, write bool, err error),
) error {
	for range maxTries {
		now, inBucket, err := c.fetch(ctx, id)
		if err != nil {
			return err
		}
		next, write, err := edit(now.record, inBucket)
		if err != nil {
			return err
		}
		if !write {
			if inBucket {
				c.learn(id, now)
			}
			return nil
		}
		value, err := next.encode()
		if err != nil {
			return fmt.Errorf("encode settings: %w", err)
		}
		var revision uint64
		if now.revision == 0 {
			revision, err = c.kv.Create(ctx, id, value)
		} else {
			revision, err = c.kv.Update(ctx, id, value, now.revision)
		}
		if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			continue
		}
		if err != nil {
			return fmt.Errorf("store settings on the bus: %w", err)
		}
		c.learn(id, stored{record: next, revision: revision})
		return nil
	}
	return ErrConflict
}

// valid tells whether the bucket's record makes a channel.
func (c *Catalog) valid(id string, r record) bool {
	ch, _ := c.start(id)
	return r.patch.Apply(ch).Validate() == nil
}

// fetch reads the bucket's record of the ID. One that cannot be read counts as not there, but its revision is known, so that a
// Put mends it.
func (c *Catalog) fetch(ctx context.Context, id string) (s stored, inBucket bool, err error) {
	e, err := c.kv.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) { // ErrKeyDeleted is one of them
		return stored{}, false, nil
	}
	if err != nil {
		return stored{}, false, fmt.Errorf("read settings from the bus: %w", err)
	}
	r, err := decode(e.Value())
	if err != nil {
		return stored{revision: e.Revision()}, false, nil
	}
	return stored{record: r, revision: e.Revision()}, true, nil
}
