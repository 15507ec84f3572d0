package library

import (
	"context"
	"hash/fnv"
	"io"
	"strconv"
	"time"

	"weir/internal/media"
	"weir/packager/vod"
)

// title is an asset that is packaged from files, opened. It is immutable but for its users.
type title struct {
	id         string
	version    string // of what URLs of its media stand for
	generation uint64 // of what lies in memory
	plan       *vod.Title
	window     *media.Window // the plan's, with Images where there are thumbnails
	pictures   *Illustration // nil: it has no thumbnails
	files      []vod.File    // numbered as the plan's spans do
	tags       []string      // beside files: the states of the files
	parts      []string      // what the catalog had said of what it is made of
	members    []string      // IDs of the assets that it is made of, its own or those of its tracks
	lost       []lost        // files that it is played without
	problems   []string      // for operators
	first      uint64        // number of the first segment
	gap        int64         // between stretches that are read in one go
	bytes      int64         // of memory for its index

	opened time.Time

	// Guarded by shelf.mu.
	users    int   // with the shelf itself
	failure  error // why it could not be read the last time
	failedAt time.Time
}

// newTitle is a title with one user.
func newTitle(id string, plan *vod.Title, files []vod.File, now time.Time) *title {
	h := fnv.New64a()
	_, _ = io.WriteString(h, id+"\x00"+plan.Version()) // it never fails
	t := &title{
		id: id, version: plan.Version(), generation: h.Sum64(), plan: plan, window: plan.Window(), files: files, gap: nearGap, users: 1, opened: now,
	}
	t.first = plan.Window().Rows.At(0).Number
	for _, f := range files {
		if l, ok := f.(interface{ Local() bool }); !ok || !l.Local() {
			t.gap = farGap
		}
	}
	return t
}

// illustrate gives it thumbnails, where it can have some.
func (t *title) illustrate() {
	if t.pictures = Illustrate(t.plan); t.pictures != nil {
		t.window = t.pictures.Window()
	}
}

// close closes its files.
func (t *title) close() {
	for _, f := range t.files {
		if c, ok := f.(io.Closer); ok {
			_ = c.Close() // it was only read
		}
	}
}

// tag tells a segment from others under its URL.
func (t *title) tag(k key) string {
	tag := t.version + "-" + k.track + "-" + strconv.FormatUint(k.number, 10)
	if k.keys {
		tag += "-k"
	}
	return tag
}

// segment is what a segment is made of.
func (t *title) segment(k key) (vod.Segment, bool) {
	if k.keys {
		return t.plan.Keys(k.track, k.number)
	}
	return t.plan.Segment(k.track, k.number)
}

// opened is a title in the hands of who opened it.
type opened struct {
	*title
	of  *Library
	own bool // for another edge
}

func (o opened) ID() string            { return o.id }
func (o opened) Version() string       { return o.version }
func (o opened) Window() *media.Window { return o.window }
func (o opened) Release()              { o.of.shelf.release(o.title) }

// Init implements Asset.
func (o opened) Init(track string, version uint32) []byte { return o.plan.Init(track, version) }

// Segment implements Asset.
func (o opened) Segment(track string, number uint64) (Body, error) {
	return o.of.segment(o.title, key{o.generation, track, number, false}, o.own)
}

// Keys implements Asset.
func (o opened) Keys(track string, number uint64) (Body, error) {
	return o.of.segment(o.title, key{o.generation, track, number, true}, o.own)
}

// Sheet implements Asset.
func (o opened) Sheet(ctx context.Context, number uint64) ([]byte, error) {
	return o.of.sheets.get(ctx, o.title, number)
}
