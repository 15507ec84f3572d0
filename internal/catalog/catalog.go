package catalog

import (
	"context"
	"fmt"
	"log/slog"
	"sort"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// Limits of a catalog.
const (
	MaxChannels = 1000 // channels at one time
	// maxRecords bounds what the bucket can make a process remember, tombstones included.
	maxRecords = 50 * MaxChannels
)

// Catalog is the channels of one installation, as this process sees them.
type Catalog struct {
	kv   jetstream.KeyValue
	base map[string]Channel // of the configuration file; not changed after Open
	log  *slog.Logger

	stop context.CancelFunc // ends the goroutines
	ctx  context.Context    // of the goroutines
	wg   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	stored   map[string]stored  // what the bucket holds, by ID
	channels map[string]Channel // effective
	made     map[string]uint64  // which making of the channel it is: one that was deleted and made again is another
	makings  uint64
	watchers map[*watcher]struct{}
}

// stored is a record as it was last read or written.
type stored struct {
	record
	revision uint64 // of the bucket's key
}

// Open reads the bucket and watches it from then on. base are the channels of the configuration file; each must be valid,
// no ID twice. ctx bounds the opening only. When Open returns, Channels has all that is in the bucket.
func Open(ctx context.Context, kv jetstream.KeyValue, base []Channel, log *slog.Logger) (*Catalog, error) {
	c := &Catalog{
		kv:       kv,
		base:     make(map[string]Channel, len(base)),
		log:      log,
		stored:   make(map[string]stored),
		channels: make(map[string]Channel, len(base)),
		made:     make(map[string]uint64),
		watchers: make(map[*watcher]struct{}),
	}
	if len(base) > MaxChannels {
		return nil, fmt.Errorf("%w: %d in the configuration, at most %d", ErrFull, len(base), MaxChannels)
	}
	for _, ch := range base {
		if err := ch.Validate(); err != nil {
			return nil, fmt.Errorf("channel %s: %w", ch.ID, err)
		}
		if _, twice := c.base[ch.ID]; twice {
			return nil, fmt.Errorf("channel %s: %w", ch.ID, invalid("id", "%q is there twice", ch.ID))
		}
		ch.FromFile = true
		c.base[ch.ID] = ch
		c.channels[ch.ID] = ch
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	if err := c.startSync(ctx); err != nil {
		c.stop()
		c.wg.Wait()
		return nil, fmt.Errorf("read channel settings from the bus: %w", err)
	}
	return c, nil
}

// Close ends all watching, closes the channels that Watch gave, and waits for the catalog's goroutines. It is idempotent.
func (c *Catalog) Close() {
	c.mu.Lock()
	c.closed = true // no goroutine is added after this
	c.mu.Unlock()
	c.stop()
	c.wg.Wait()
}

// Channel is the effective settings of the channel of that ID.
func (c *Catalog) Channel(id string) (Channel, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, ok := c.channels[id]
	return ch, ok
}

// Deleted tells whether somebody deleted the channel of that ID, and nobody has made it again. Of one that never was, or that the
// file does not have any more, it is false.
func (c *Catalog) Deleted(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stored[id].deleted
}

// Channels are the effective settings of all channels, sorted by ID.
func (c *Catalog) Channels() []Channel {
	c.mu.Lock()
	all := make([]Channel, 0, len(c.channels))
	for _, ch := range c.channels {
		all = append(all, ch)
	}
	c.mu.Unlock()
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

// start is the channel of that ID before any patch, and whether the file has it.
func (c *Catalog) start(id string) (Channel, bool) {
	if ch, ok := c.base[id]; ok {
		return ch, true
	}
	return New(id), false
}

// learn takes in what the bucket holds for the ID, unless something newer is known already. Settings that make no valid
// channel change nothing while the process runs; at its start the file's settings stand.
func (c *Catalog) learn(id string, s stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, known := c.stored[id]
	if known && old.revision >= s.revision {
		return
	}
	if !known && len(c.stored) >= maxRecords {
		c.log.Error("stored settings ignored: too many records in the bucket", "channel", id, "limit", maxRecords)
		return
	}
	ch, _ := c.start(id)
	if !s.deleted {
		ch = s.patch.Apply(ch)
		ch.Revision = s.revision
		if err := ch.Validate(); err != nil {
			c.log.Error("stored settings ignored", "channel", id, "revision", s.revision, "err", err)
			c.stored[id] = stored{record: old.record, revision: s.revision}
			return
		}
		if _, on := c.channels[id]; !on && len(c.channels) >= MaxChannels {
			c.log.Error("stored settings ignored", "channel", id, "err", ErrFull, "limit", MaxChannels)
			return
		}
	}
	c.stored[id] = s
	c.show(id, ch, !s.deleted)
}

// forget takes back what the bucket held for the ID: somebody removed the key itself. The file decides again.
func (c *Catalog) forget(id string, revision uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, known := c.stored[id]; !known || old.revision >= revision {
		return
	}
	delete(c.stored, id)
	ch, fromFile := c.start(id)
	c.show(id, ch, fromFile)
}

// show makes ch the effective channel of that ID, or takes the channel away, and tells who watches. c.mu is held.
func (c *Catalog) show(id string, ch Channel, present bool) {
	old, was := c.channels[id]
	if was == present && old == ch {
		return
	}
	if present {
		c.channels[id] = ch
		if !was {
			c.makings++
			c.made[id] = c.makings
		}
	} else {
		delete(c.channels, id)
		delete(c.made, id)
		if !was {
			return
		}
	}
	for w := range c.watchers {
		w.mark(id)
	}
}
