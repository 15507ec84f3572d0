package catalog

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"
)

// MaxChannels is how many channels there may be at one time.
const MaxChannels = 1000

// Catalog is the channels of one installation, as this process sees them.
type Catalog struct {
	store[Channel, Patch]
}

// Change is what became of a channel.
type Change struct {
	ID      string
	Channel Channel // its settings now; zero where Deleted
	Deleted bool
}

// Open reads the bucket and watches it from then on. base are the channels of the configuration file; each must be valid,
// no ID twice. ctx bounds the opening only. When Open returns, Channels has all that is in the bucket.
func Open(ctx context.Context, kv jetstream.KeyValue, base []Channel, log *slog.Logger) (*Catalog, error) {
	c := new(Catalog)
	c.init(kind[Channel, Patch]{
		name: "channel", most: MaxChannels, records: 50 * MaxChannels, fresh: New, encode: encode, decode: decode,
	}, kv, log)
	for _, ch := range base {
		ch.FromFile = true
		if err := c.hold(ch.ID, ch); err != nil {
			return nil, err
		}
	}
	if err := c.start(ctx); err != nil {
		return nil, fmt.Errorf("read channel settings from the bus: %w", err)
	}
	return c, nil
}

// Channel is the effective settings of the channel of that ID.
func (c *Catalog) Channel(id string) (Channel, bool) { return c.get(id) }

// Channels are the effective settings of all channels, sorted by ID.
func (c *Catalog) Channels() []Channel { return c.page("", "", MaxChannels) }

// Watch delivers all channels that there are, sorted by ID, then every change. Changes of a channel that come faster than they
// are received are folded into the newest, but for deletions: one that was deleted and made again meanwhile is told of as both.
// The returned channel is closed when ctx or the catalog ends.
func (c *Catalog) Watch(ctx context.Context) <-chan Change {
	return watch(ctx, &c.store, func(id string, ch Channel, deleted bool) Change {
		return Change{ID: id, Channel: ch, Deleted: deleted}
	})
}
