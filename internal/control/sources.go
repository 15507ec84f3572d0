package control

import (
	"context"
	"time"

	"weir/internal/catalog"
	"weir/internal/media"
)

// Catalog is what operators set. *catalog.Catalog is one.
type Catalog interface {
	Channel(id string) (catalog.Channel, bool)
	Channels() []catalog.Channel // sorted by ID
	Put(ctx context.Context, id string, p catalog.Patch) (ch catalog.Channel, created bool, err error)
	Delete(ctx context.Context, id string) error
}

// Feeds tells of the feeds that this process takes in. All its methods are safe for concurrent use.
type Feeds interface {
	Feed(channel string) (Feed, bool) // the feed that is on air, or else the last one; false: there was none
}

// Edge tells of the windows that this process serves. All its methods are safe for concurrent use.
type Edge interface {
	Window(channel string) (Window, bool)
	Traffic() []Traffic // in any order, each Kind and Status once
	Ready() error       // nil: all windows have caught up with the bus. Joined errors are told one a line
}

// Bus tells whether the bus answers.
type Bus interface {
	Ready() error
}

// State is whether a feed comes in.
type State string

// The states.
const (
	OnAir   State = "on-air"  // samples come
	Waiting State = "waiting" // a publisher is there, but no sample came for a while, or none yet
	OffAir  State = "off-air" // there is no feed
)

// Feed is the state of a feed. Counts are since the feed began.
type Feed struct {
	State    State
	Protocol string        // such as rtmp or file
	Remote   string        // address of the publisher, or path of the file
	Since    time.Time     // when the feed began
	Tracks   []media.Track // of its newest run

	Bitrate    float64       // bit/s that come in, over the last seconds
	FrameRate  float64       // of the lead video track, frames a second; 0: not known
	GOP        time.Duration // from sync sample to sync sample of the lead track, the newest; 0: not known
	LongestGOP time.Duration
	ForcedCuts uint64 // segments that do not begin with a sync sample

	Runs            uint64
	DroppedSamples  uint64 // could not be packaged
	DroppedSegments uint64 // given up before the bus had them
	PendingBytes    int64  // on the way to the bus, not acknowledged

	LastError   string // "": none
	LastErrorAt time.Time
}

// Window is the state of a window.
type Window struct {
	Depth           time.Duration // what can be rewound
	Bytes           int64         // held in memory
	Rows            int           // listed
	Oldest, Newest  time.Time     // ends of the listing on the channel timeline; zero: it is empty
	Discontinuities int           // in the listing
	Tracks          []media.Track // of the listing
	Damaged         uint64        // segments whose size or checksum was wrong, since the process began
	Lost            uint64        // segments that did not come whole, since the process began
}

// Traffic is what players asked for and got, since the process began.
type Traffic struct {
	Kind   string // of what was asked for, such as playlist, segment or init: a fixed set, never a name from a request
	Status int    // HTTP
	Count  uint64 // requests
	Bytes  uint64 // of the answers' bodies
}
