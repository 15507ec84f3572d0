package library

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"weir/internal/catalog"
	"weir/internal/clip"
	"weir/internal/origin"
	"weir/packager/vod"
)

// Errors that callers tell apart. Besides them there are those of packages origin (a site) and vod (what a file holds).
var (
	ErrNotFound  = errors.New("there is no such asset")
	ErrForbidden = errors.New("no site gives a file of the asset, and not all say that they do not have it")
	ErrNoSegment = errors.New("the asset has no such segment")
	ErrClosed    = errors.New("the library is closed")
	ErrBusy      = errors.New("too much is being read at once")
)

// Catalog tells what assets there are; *catalog.Assets is one.
type Catalog interface {
	// Resolve is the asset of that ID, listed or of a mapped directory.
	Resolve(id string) (catalog.Asset, bool)
	// Tracks are the assets of an album, all with files.
	Tracks(album catalog.Asset) ([]catalog.Asset, error)
	// Page is the first assets that are listed, by ID, at most limit: of those behind after whose IDs begin with prefix.
	Page(prefix, after string, limit int) []catalog.Asset
	// Libraries are the directories that are mapped.
	Libraries() []catalog.Library
	// Watch delivers all assets that are listed, then every change, until ctx ends.
	Watch(ctx context.Context) <-chan catalog.AssetChange
}

// Config is what a library needs.
type Config struct {
	Clips   *clip.Store    // nil: there are none
	Catalog Catalog        // nil: there are no assets but clips
	Origin  *origin.Origin // where files are; nil: nowhere
	Segment time.Duration  // how long segments of files should be
	Memory  int64          // bytes of segments in memory, without Head
	Head    int64          // bytes of titles' beginnings that stay in memory
	// Thumbnails makes those of titles with video; nil: they have none.
	Thumbnails Thumbnails
	Peers      Peers // other edges that own segments; nil: there are none
	Log        *slog.Logger
	Now        func() time.Time
}

// Library opens assets and reads their segments. Make one with New, end it with Close.
type Library struct {
	cfg    Config
	shelf  shelf
	cache  *cache
	heads  heads
	sheets sheets

	flights struct {
		mu sync.Mutex
		by map[key]*flight
	}
	room    *semaphore.Weighted // bytes of flights
	roomFor int64
	ahead   chan struct{} // a place for each segment that is read ahead
	opening chan struct{} // a place for each title that is opened

	reads, failures atomic.Uint64 // of files, for segments
	packaged        atomic.Uint64 // segments that were made of them

	ctx  context.Context
	stop context.CancelFunc
	mu   sync.Mutex // guards that nothing is added to wg after Close
	wg   sync.WaitGroup
}

// Shares of the memory.
const (
	flightShare = 4 // segments that are being read may have a quarter as much as those in memory have
	indexShare  = 8
	minFlights  = 64 << 20 // bytes
	maxAhead    = 4        // segments that are read ahead at one time
	// maxTitlesOpening is how many titles are opened at one time: an index is read whole into memory before it is made small.
	maxTitlesOpening = 16
)

// New is an empty library.
func New(cfg Config) *Library {
	l := &Library{
		cfg: cfg, cache: newCache(cfg.Memory), roomFor: max(cfg.Memory/flightShare, minFlights),
		ahead: make(chan struct{}, maxAhead), opening: make(chan struct{}, maxTitlesOpening),
	}
	l.room = semaphore.NewWeighted(l.roomFor)
	l.flights.by = make(map[key]*flight)
	l.shelf.by = make(map[string]*slot)
	l.shelf.limit = max(cfg.Memory/indexShare, maxIndex)
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.heads.init(l)
	l.sheets.of, l.sheets.by = l, make(map[key]*sheet)
	return l
}

// Close ends all reading and waits for it. What is open can still be released.
func (l *Library) Close() {
	l.mu.Lock()
	l.stop()
	l.mu.Unlock()
	l.wg.Wait()
	l.shelf.clear()
}

// start runs f in a goroutine, unless the library is closed.
func (l *Library) start(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.wg.Go(f)
	return true
}

// Fit changes how many bytes of segments are kept in memory.
func (l *Library) Fit(memory int64) { l.cache.resize(max(memory, 1<<20)) }

// Open opens an asset: a clip of that ID, else what the catalog has. Errors: ErrNotFound, and why it cannot be opened.
func (l *Library) Open(ctx context.Context, id string) (Asset, error) {
	if l.cfg.Clips != nil {
		a, err := l.cfg.Clips.Open(id)
		if err == nil {
			return clipAsset{a}, nil
		}
		if !errors.Is(err, clip.ErrNotFound) {
			l.cfg.Log.Error("a clip cannot be opened", "asset", id, "err", err)
			return nil, err
		}
	}
	t, err := l.title(ctx, id)
	if err != nil {
		return nil, err
	}
	return opened{title: t, of: l}, nil
}

// title is an asset of the catalog, with one user more.
func (l *Library) title(ctx context.Context, id string) (*title, error) {
	if l.cfg.Catalog == nil || l.cfg.Origin == nil {
		return nil, ErrNotFound
	}
	if _, ok := l.cfg.Catalog.Resolve(id); !ok {
		return nil, ErrNotFound
	}
	sl, t, fresh, check := l.shelf.take(id, l.cfg.Now())
	switch {
	case fresh && !l.start(func() { l.open(sl) }):
		l.shelf.settle(sl, nil, ErrClosed, l.cfg.Now())
	case check && !l.start(func() { l.check(sl, t) }):
		l.shelf.swap(sl, nil)
	}
	if t != nil {
		return t, nil
	}
	return l.shelf.wait(ctx, sl)
}

// open opens the title of a fresh slot.
func (l *Library) open(sl *slot) {
	t, err := l.load(sl.id, nil)
	if errors.Is(err, origin.ErrRefused) && !errors.Is(err, origin.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	if err != nil && !errors.Is(err, ErrNotFound) && l.ctx.Err() == nil {
		l.cfg.Log.Log(l.ctx, severity(sl.id, err), "an asset cannot be opened", "asset", sl.id, "err", err)
	}
	l.shelf.settle(sl, t, err, l.cfg.Now())
}

// severity is that of an asset that cannot be opened. Anybody may ask for files that a library never had; that a site refuses access is told by
// the site, once in a while.
func severity(id string, err error) slog.Level {
	if catalog.IsMember(id) && (errors.Is(err, origin.ErrNotFound) || errors.Is(err, ErrForbidden)) {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// check looks whether a title's files are still those that it was made of.
func (l *Library) check(sl *slot, t *title) {
	fresh, err := l.load(t.id, t)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, origin.ErrNotFound), errors.Is(err, vod.ErrFile):
		l.cfg.Log.Warn("an asset is not there any more as it was", "asset", t.id, "err", err)
		l.shelf.drop(t.id, t)
		return
	case err != nil: // who has it open can go on
		if l.ctx.Err() == nil {
			l.cfg.Log.Warn("an asset cannot be looked at; it is served as it was", "asset", t.id, "err", err)
		}
	case fresh != nil && fresh.version != t.version:
		l.cfg.Log.Info("an asset has changed", "asset", t.id, "was", t.version, "is", fresh.version)
	}
	l.shelf.swap(sl, fresh)
}
