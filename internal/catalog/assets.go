package catalog

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"
)

// MaxAssets is how many assets there may be at one time, members of libraries not counted.
const MaxAssets = 100_000

// AssetsBucket is the name of the KV bucket of assets.
const AssetsBucket = "weir-assets"

// Assets is the assets of one installation, as this process sees them. They are kept as channels are: those of the configuration file,
// overlaid with what the API set. Members of libraries are not in it, but Resolve finds them.
type Assets struct {
	store[Asset, AssetPatch]
	places Places
}

// AssetChange is what became of an asset.
type AssetChange struct {
	ID      string
	Asset   Asset // its settings now; zero where Deleted
	Deleted bool
}

// OpenAssets reads the bucket and watches it from then on. base are the assets of the configuration file, each valid, no ID twice, and
// places are what it says of sites and libraries. ctx bounds the opening only. What was stored stays where its sites are not configured
// any more.
func OpenAssets(ctx context.Context, kv jetstream.KeyValue, base []Asset, places Places, log *slog.Logger) (*Assets, error) {
	a := &Assets{places: places}
	a.init(kind[Asset, AssetPatch]{
		name: "asset", most: MaxAssets, records: 10 * MaxAssets, fresh: NewAsset, encode: encodeAsset, decode: decodeAsset,
		check: func(one Asset) error { return one.CheckReferences(places, a.Get) },
	}, kv, log)
	for _, one := range base {
		one.FromFile = true
		if err := a.hold(one.ID, one); err != nil {
			return nil, err
		}
	}
	if err := a.start(ctx); err != nil {
		return nil, fmt.Errorf("read assets from the bus: %w", err)
	}
	return a, nil
}

// Get is the effective settings of the asset of that ID.
func (a *Assets) Get(id string) (Asset, bool) { return a.get(id) }

// All are the effective settings of all assets, sorted by ID.
func (a *Assets) All() []Asset { return a.page("", "", MaxAssets) }

// Page is the first assets behind the ID after whose IDs begin with prefix, at most limit, sorted by ID. It costs no more for a large catalog
// than for a small one.
func (a *Assets) Page(prefix, after string, limit int) []Asset { return a.page(prefix, after, limit) }

// Resolve is the asset of that ID, also where it is a member of a library, LIBRARY~dir~file.mp4: whether there is such a file, only
// its sites can tell.
func (a *Assets) Resolve(id string) (Asset, bool) {
	if one, ok := a.get(id); ok {
		return one, true
	}
	return a.places.member(id)
}

// Libraries are those of the configuration file. Nobody changes them.
func (a *Assets) Libraries() []Library { return a.places.Libraries }

// Tracks are the assets of an album in their order, all with files. The error says which of them is missing or is an album itself: the
// catalog cannot know when the album is put, for its tracks may come and change later.
func (a *Assets) Tracks(album Asset) ([]Asset, error) {
	tracks := make([]Asset, len(album.Tracks))
	for i, id := range album.Tracks {
		track, ok := a.Resolve(id)
		if !ok {
			return nil, fmt.Errorf("asset %s: track %d: there is no asset %.100q: %w", album.ID, i+1, id, ErrNotFound)
		}
		if track.Album() {
			return nil, fmt.Errorf("asset %s: track %d: %w", album.ID, i+1, invalid("tracks", "%q is an album: tracks are assets with files", id))
		}
		tracks[i] = track
	}
	return tracks, nil
}

// Watch delivers all assets that there are, sorted by ID, then every change. Changes of an asset that come faster than they are received
// are folded into the newest, but for deletions: one that was deleted and made again meanwhile is told of as both. The returned channel
// is closed when ctx or the catalog ends.
func (a *Assets) Watch(ctx context.Context) <-chan AssetChange {
	return watch(ctx, &a.store, func(id string, one Asset, deleted bool) AssetChange {
		return AssetChange{ID: id, Asset: one, Deleted: deleted}
	})
}
