package edge

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/hls"
)

// form tells one text that there can be of a channel's manifests from the others.
type form struct {
	kind    kind
	track   string // of a media or I-frame playlist
	query   string // what is asked for, in its normal form
	over    bool   // manifest.Selection.Over
	delta   hls.Delta
	session bool   // the text has placeholders for a session's parameters
	from    string // of an MPD patch: the publishTime that it starts from
}

// plain tells whether anybody who just plays the channel may ask for it.
func (f *form) plain() bool {
	return !f.costly() && f.from == ""
}

// costly tells whether rendering it has to wait for its turn.
func (f *form) costly() bool { return f.query != "" && f.query != ordinaryQuery || f.over }

// ordinaryQuery is the normal form of a query for ordinary latency.
const ordinaryQuery = "ll=0"

// version is what of a window's version the text depends on.
func (f *form) version(v media.Version, ordinary bool) uint64 {
	switch {
	case f.kind == kindMultivariant || ordinary:
		return v.Listing
	case f.kind == kindMedia, f.kind == kindIFrames: // both tell how far all the others go
		return v.Parts
	}
	return v.Open
}

// edition is a form with its newest text.
type edition struct {
	form
	sel    manifest.Selection
	links  manifest.Links
	mpd    mpdForm      // of an MPD
	whole  *edition     // of a patch: that of the MPD
	used   atomic.Int64 // when it was last asked for, in nanoseconds since 1970, to a second or so
	newest atomic.Pointer[slot]
}

// Bounds of what is kept of a channel. Forms that anybody's query can make up have bounds of their own, so that they do not
// drive out the others, which are as many as there are tracks, times few.
const (
	maxAsked      = 128      // forms that queries have made up
	maxAskedBytes = 32 << 20 // their texts
	maxPlain      = 1024
	unusedAfter   = time.Minute // a form that nobody asks for is dropped
)

// editions is the forms of a channel's manifests that were asked for lately. Looking one up takes no lock.
type editions struct {
	all   atomic.Pointer[map[form]*edition] // replaced, not changed
	mu    sync.Mutex                        // makes those who replace it take turns
	most  int
	bytes int
}

// find is the edition of that form, nil where there is none.
func (es *editions) find(f form, now time.Time) *edition {
	all := es.all.Load()
	if all == nil {
		return nil
	}
	e := (*all)[f]
	if e != nil {
		if at := now.UnixNano(); at-e.used.Load() > int64(time.Second/10) {
			e.used.Store(at)
		}
	}
	return e
}

// add makes the edition of that form, unless another request has just done so.
func (es *editions) add(n *edition, now time.Time) *edition {
	es.mu.Lock()
	defer es.mu.Unlock()
	all := map[form]*edition{}
	if p := es.all.Load(); p != nil {
		if e := (*p)[n.form]; e != nil && e.whole == n.whole {
			return e
		}
		all = maps.Clone(*p)
	}
	n.used.Store(now.UnixNano())
	all[n.form] = n
	es.trim(all, n)
	es.all.Store(&all)
	return n
}

// fit drops what was not asked for the longest where all texts together are too large; e has got a new one.
func (es *editions) fit(e *edition) {
	es.mu.Lock()
	defer es.mu.Unlock()
	p := es.all.Load()
	if p == nil {
		return
	}
	size := 0
	for _, one := range *p {
		size += one.size()
	}
	if size <= es.bytes {
		return
	}
	all := maps.Clone(*p)
	es.trim(all, e)
	es.all.Store(&all)
}

// trim drops from all what was not asked for the longest, until it keeps the bounds; never keep.
func (es *editions) trim(all map[form]*edition, keep *edition) {
	for {
		size := 0
		var oldest *edition
		for _, e := range all {
			size += e.size()
			if e != keep && (oldest == nil || e.used.Load() < oldest.used.Load()) {
				oldest = e
			}
		}
		if oldest == nil || len(all) <= es.most && size <= es.bytes {
			return
		}
		delete(all, oldest.form)
	}
}

// sweep drops what nobody has asked for in a while.
func (es *editions) sweep(now time.Time) {
	es.mu.Lock()
	defer es.mu.Unlock()
	p := es.all.Load()
	if p == nil {
		return
	}
	all := maps.Clone(*p)
	maps.DeleteFunc(all, func(_ form, e *edition) bool { return now.UnixNano()-e.used.Load() > int64(unusedAfter) })
	if len(all) < len(*p) {
		es.all.Store(&all)
	}
}

// size is how many bytes of text the edition holds.
func (e *edition) size() int {
	if sl := e.newest.Load(); sl != nil {
		return int(sl.size.Load())
	}
	return 0
}

// slot is one text: that of a form for one state of the window. All who ask for it while it is being rendered wait for the one who
// renders; nobody else does. It does not refer to the window, so that it keeps no media in memory.
type slot struct {
	version          uint64
	rendered, zipped sync.Once
	size             atomic.Int64 // of text and gzip

	text, gzip   []byte // gzip is nil where it would not be shorter, and of texts with placeholders
	news         dash.News
	makeZip      func() []byte // nil: it is to be compressed
	pieces       [][]byte      // of a text with placeholders: what stands between them
	tag, gzipTag []byte
	target       time.Duration // of the window
	err          error
}

// current is the edition's text for the newest snapshot, rendered or not, and the snapshot.
func (e *edition) current(c *channel) (*slot, *media.Window) {
	for {
		w := c.window.Snapshot()
		version := e.version(w.Version, e.sel.Ordinary)
		sl := e.newest.Load()
		if sl != nil && sl.version == version {
			return sl, w
		}
		if sl != nil && sl.version > version {
			continue // there is a newer snapshot by now
		}
		n := &slot{version: version, target: w.Target}
		if e.newest.CompareAndSwap(sl, n) {
			return n, w
		}
	}
}
