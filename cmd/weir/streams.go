package main

import (
	"context"
	"log/slog"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
)

const (
	streamSlack = time.Minute     // that media stays on the bus beyond the channel's DVR and two segments
	streamRetry = 2 * time.Second // between attempts to reach the bus
)

// keepStreams gives every channel of the catalog its stream on the bus, kept as long as its DVR says, and takes that of a deleted
// channel away. It returns when changes is closed.
func keepStreams(ctx context.Context, changes <-chan catalog.Change, b *bus.Bus, log *slog.Logger) {
	failed := make(map[string]catalog.Change) // to be tried again
	retry := time.NewTicker(streamRetry)
	defer retry.Stop()
	for {
		select {
		case change, ok := <-changes:
			if !ok {
				return
			}
			delete(failed, change.ID)
			if err := keepStream(ctx, change, b); err != nil {
				log.Error("the channel's stream could not be kept, it will be tried again", "channel", change.ID, "err", err)
				failed[change.ID] = change
			}
		case <-retry.C:
			for id, change := range failed {
				if keepStream(ctx, change, b) == nil {
					delete(failed, id)
				}
			}
		}
	}
}

func keepStream(ctx context.Context, change catalog.Change, b *bus.Bus) error {
	if change.Deleted {
		return b.DeleteChannel(ctx, change.ID)
	}
	return b.SetChannel(ctx, change.ID, change.Channel.DVR+streamSlack+2*change.Channel.Segment)
}
