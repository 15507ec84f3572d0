package ingesttest

import (
	"context"
	"slices"

	"weir/internal/catalog"
)

// Catalog has channels that do not change.
type Catalog []catalog.Channel

// Channels are all.
func (c Catalog) Channels() []catalog.Channel { return c }

// Channel is that of a name.
func (c Catalog) Channel(id string) (catalog.Channel, bool) {
	i := slices.IndexFunc(c, func(ch catalog.Channel) bool { return ch.ID == id })
	if i < 0 {
		return catalog.Channel{}, false
	}
	return c[i], true
}

// Watch tells of each channel once.
func (c Catalog) Watch(ctx context.Context) <-chan catalog.Change {
	out := make(chan catalog.Change, len(c))
	for _, ch := range c {
		out <- catalog.Change{ID: ch.ID, Channel: ch}
	}
	go func() {
		<-ctx.Done()
		close(out)
	}()
	return out
}
