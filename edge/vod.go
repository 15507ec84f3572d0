package edge

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"weir/internal/clip"
	"weir/internal/library"
	"weir/internal/media"
	"weir/internal/origin"
	"weir/manifest/hls"
	"weir/packager/trick"
	"weir/packager/vod"
)

// Assets are what is served under /vod/: media that is complete. *library.Library is one.
type Assets interface {
	Open(ctx context.Context, id string) (library.Asset, error) // library.ErrNotFound: there is none of that ID
	// List is the first assets that are listed, at most that many.
	List(limit int) []library.Entry
}

// What is kept of assets, and for how long caches may keep it.
const (
	maxAssets     = 1024             // whose manifests are kept
	maxAssetBytes = 64 << 20         // of the manifests of all of them
	manifestAge   = 5 * time.Minute  // of what never changes, but can be deleted
	changingAge   = 10 * time.Second // of what is made of files that may be replaced
)

// assets is what an edge serves of them, and the manifests of those that were asked for lately.
type assets struct {
	from Assets
	most int // of whose manifests are kept; 0: maxAssets

	mu    sync.Mutex
	by    map[assetID]*assetTexts
	clock uint64
}

// assetID is an asset at one state of its files.
type assetID struct{ id, version string }

// assetTexts is the manifests of one asset.
type assetTexts struct {
	playlists
	used uint64 // guarded by assets.mu
}

// texts is the manifests of an asset. Those that were asked for the longest ago are dropped where all together are too many.
func (v *assets) texts(id assetID) *assetTexts {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clock++
	t := v.by[id]
	if t == nil {
		t = &assetTexts{}
		t.init()
		if v.by == nil {
			v.by = make(map[assetID]*assetTexts)
		}
		v.by[id] = t
	}
	t.used = v.clock
	return t
}

// fit drops manifests until those that are left are few and small enough, but never the ones that were asked for last.
func (v *assets) fit() {
	v.mu.Lock()
	defer v.mu.Unlock()
	most := v.most
	if most == 0 {
		most = maxAssets
	}
	for {
		var oldest assetID
		size, first := 0, true
		for id, t := range v.by {
			size += t.common.held() + t.asked.held()
			if first || t.used < v.by[oldest].used {
				oldest, first = id, false
			}
		}
		if len(v.by) <= 1 || len(v.by) <= most && size <= maxAssetBytes {
			return
		}
		delete(v.by, oldest)
	}
}

// held is how many bytes of text there are.
func (es *editions) held() int {
	size := 0
	if all := es.all.Load(); all != nil {
		for _, e := range *all {
			size += e.size()
		}
	}
	return size
}

// Snapshot is the window of a channel as it is now, and the init segments that its runs need; false: there is no such channel.
func (s *Server) Snapshot(id string) (w *media.Window, init func(track string, version uint32) []byte, ok bool) {
	c := s.channels.get(id)
	if c == nil {
		return nil, nil, false
	}
	return c.window.Snapshot(), c.window.Init, true
}

// serveAsset answers for a path under /vod/.
func (s *Server) serveAsset(ctx *fasthttp.RequestCtx, r *route) {
	from := s.assetsFor(r)
	if from == nil || len(r.channel) == 0 {
		s.fail(ctx, r.kind, fasthttp.StatusNotFound, "there is no such asset")
		return
	}
	a, err := from.Open(s.ctx, string(r.channel))
	if err != nil {
		s.failAsset(ctx, r, err)
		return
	}
	held := false // it is released when its media has been sent
	defer func() {
		if !held {
			a.Release()
		}
	}()
	switch r.kind {
	case kindMultivariant, kindMPD, kindMedia, kindIFrames:
		s.serveAssetManifest(ctx, a, r)
	case kindInit, kindSegment, kindKeys, kindText, kindImage:
		if !isVersion(ctx.QueryArgs().Peek(versionParameter), a.Version()) {
			s.fail(ctx, r.kind, fasthttp.StatusGone, "the asset has changed since: load its manifest anew")
		} else {
			held = s.serveAssetMedia(ctx, a, r)
		}
	default:
		s.notInAsset(ctx, r)
	}
}

// versionParameter is the query parameter that ties the media of an asset to the state of the files that its manifest was made of.
const versionParameter = "v"

func isVersion(asked []byte, version string) bool { return len(asked) == 0 || string(asked) == version }

// failAsset says why an asset, or media of it, cannot be had.
func (s *Server) failAsset(ctx *fasthttp.RequestCtx, r *route, err error) {
	status, line := fasthttp.StatusBadGateway, "the asset cannot be read from where it lies; try again soon"
	switch {
	case errors.Is(err, library.ErrNotFound):
		status, line = fasthttp.StatusNotFound, "there is no such asset"
	case errors.Is(err, library.ErrNoSegment), errors.Is(err, trick.ErrNoKey):
		status, line = fasthttp.StatusNotFound, "the asset has no such thing"
	case errors.Is(err, clip.ErrDamaged):
		status, line = fasthttp.StatusInternalServerError, "the asset cannot be read"
	case errors.Is(err, origin.ErrNotFound):
		status, line = fasthttp.StatusNotFound, "a file of the asset is missing"
	case errors.Is(err, library.ErrForbidden): // S3 without the right to list says so of what is not there
		status, line = fasthttp.StatusNotFound, "a file of the asset is missing, or may not be read"
	case errors.Is(err, vod.ErrFile):
		status, line = fasthttp.StatusUnprocessableEntity, err.Error()
	case errors.Is(err, origin.ErrChanged):
		status, line = fasthttp.StatusGone, "the asset has changed since: load its manifest anew"
	case errors.Is(err, library.ErrBusy), errors.Is(err, library.ErrClosed), errors.Is(err, context.Canceled):
		status, line = fasthttp.StatusServiceUnavailable, "the asset cannot be read now; try again soon"
	case errors.Is(err, context.DeadlineExceeded):
		status, line = fasthttp.StatusGatewayTimeout, "the asset cannot be read in time; try again soon"
	}
	s.fail(ctx, r.kind, status, line)
}

func (s *Server) notInAsset(ctx *fasthttp.RequestCtx, r *route) {
	s.fail(ctx, r.kind, fasthttp.StatusNotFound, "the asset has no such thing")
}

// serveAssetManifest sends a manifest. Each form of it is rendered once.
func (s *Server) serveAssetManifest(ctx *fasthttp.RequestCtx, a library.Asset, r *route) {
	now := s.now()
	q, err := parseQueryOf(true, ctx.URI().QueryString(), r.kind, s.carry, now)
	if err != nil {
		s.fail(ctx, r.kind, fasthttp.StatusBadRequest, err.Error())
		return
	}
	q.delta, q.block = hls.Whole, block{} // where nothing is added any more they are ignored (rfc8216bis, 6.2.5)
	q.sel.Over = q.sel.Over || !q.sel.End.IsZero()
	q.version = a.Version()
	w, track := a.Window(), ""
	if r.kind == kindMedia || r.kind == kindIFrames {
		t := trackOf(w, r.track)
		switch {
		case t == nil && r.kind == kindMedia && imagesOf(w, string(r.track)):
			track = w.Images.Name
		case t == nil || r.kind == kindIFrames && t.Kind != media.Video:
			s.notInAsset(ctx, r)
			return
		default:
			track = t.Name
		}
	}
	texts := s.vod.texts(assetID{a.ID(), a.Version()})
	e := texts.edition(r.kind, track, &q, now)
	sl := s.assetText(texts, e, w)
	if sl.err != nil {
		s.failEdition(ctx, a.ID(), e, sl.err)
		return
	}
	age := manifestAge
	if a.Version() != "" {
		age = changingAge
	}
	s.sendText(ctx, e, sl, q.session, age)
}

// assetText renders an edition's only text, or waits until who does so is done.
func (s *Server) assetText(texts *assetTexts, e *edition, w *media.Window) *slot {
	sl := e.newest.Load()
	if sl == nil {
		sl = &slot{target: w.Target}
		if !e.newest.CompareAndSwap(nil, sl) {
			return s.assetText(texts, e, w)
		}
	}
	sl.rendered.Do(func() {
		// A long asset's manifest takes a while, so that even the plain ones wait for their turn: an audience comes to many assets at once.
		most := int32(maxWaitingPlain)
		if e.costly() {
			most = maxWaitingTurns
		}
		if !s.render.turns.take(most) {
			sl.err = errBusy
			return
		}
		defer s.render.turns.leave()
		sl.render(s.render, nil, e, w)
		texts.asked.fit(e)
		s.vod.fit()
	})
	if errors.Is(sl.err, errBusy) {
		e.newest.CompareAndSwap(sl, nil) // the next one may have more luck
	}
	return sl
}
