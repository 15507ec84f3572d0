package control

import (
	"context"

	"weir/edge"
	"weir/ingest"
	"weir/internal/bus"
	"weir/internal/catalog"
)

// Catalog is what operators set. *catalog.Catalog is one.
type Catalog interface {
	Channel(id string) (catalog.Channel, bool)
	Channels() []catalog.Channel // sorted by ID
	Put(ctx context.Context, id string, p catalog.Patch) (ch catalog.Channel, created bool, err error)
	Delete(ctx context.Context, id string) error
}

// Feeds tells of the feeds that this process takes in. *ingest.Server is one.
type Feeds interface {
	Status(channel string) (ingest.Status, bool) // of the feed that is on air, or else of the last one; false: there was none
	// SwitchInput puts an input of the channel on air, "": as the settings say. Errors: ingest.ErrOffAir, ErrNoInput, ErrNotWell.
	SwitchInput(channel, input string) error
	// TakeOver gives a redundant channel to the process that stands by. Errors: ingest.ErrOffAir, ErrNotRedundant, ErrNobody, ErrNotReady.
	TakeOver(channel string) error
}

// Edge tells of the windows that this process serves. *edge.Server is one.
type Edge interface {
	Status(channel string) (edge.Status, bool)
	Stats() edge.Stats
	Ready() error // nil: all windows have caught up with the bus. Joined errors are told one a line
}

// Readiness is whether something can do its work. Joined errors are told one a line.
type Readiness interface {
	Ready() error
}

// Bus tells whether the bus answers, and what reading from it has met. *bus.Bus is one.
type Bus interface {
	Ready() error
	ReadStats(channel string) bus.ReadStats
}
