// Package catalog holds what operators set: the channels and the assets with their settings.
//
//	YAML channels (base) ─┐
//	                      ├─► effective channels ─► Channel, Channels, Watch
//	KV bucket (patches) ──┘
//
// A channel's settings are those of the configuration file, overlaid with the patch that the API stored for it in a NATS KV
// bucket, one key a channel. A patch has only what the API set, so that the file goes on deciding the rest; a tombstone takes
// the place of the patch of a deleted channel. The bucket is watched, so that several processes see each other's changes.
// Assets go the same way, with a bucket of their own; members of libraries are assets that nobody has listed.
//
// Catalog and Assets are safe for concurrent use. Each owns the goroutines that it starts; its Close ends them and waits for them.
package catalog

import "errors"

// What callers have to tell apart.
var (
	ErrInvalid  = errors.New("invalid setting")           // a value is out of bounds; the error is or wraps a *FieldError
	ErrNotFound = errors.New("not there")                 // nothing of that ID
	ErrFull     = errors.New("too many")                  // MaxChannels or MaxAssets are there already
	ErrConflict = errors.New("changed by others at once") // several tries to store a change met newer changes of others
)
