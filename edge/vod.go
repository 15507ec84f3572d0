package edge

import (
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"weir/internal/clip"
	"weir/internal/media"
	"weir/manifest/hls"
	"weir/packager/trick"
)

// Assets are what is served under /vod/: media that is complete and on a disk. *clip.Store is one.
type Assets interface {
	Open(id string) (*clip.Asset, error) // clip.ErrNotFound: there is none of that ID
}

// What is kept of assets, and for how long caches may keep them. An asset never changes, but it can be deleted.
const (
	maxAssets     = 64       // whose manifests are kept
	maxAssetBytes = 64 << 20 // of the manifests of all of them
	manifestAge   = 5 * time.Minute
	maxKeySegment = 256 << 20 // bytes of a segment that key frames are taken out of
)

// vod is the assets that an edge serves, and the manifests of those that were asked for lately.
type vod struct {
	assets Assets

	mu    sync.Mutex
	by    map[string]*assetTexts
	clock uint64
}

// assetTexts is the manifests of one asset.
type assetTexts struct {
	playlists
	used uint64 // guarded by vod.mu
}

// texts is the manifests of an asset. Those that were asked for the longest ago are dropped where all together are too many.
func (v *vod) texts(id string) *assetTexts {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clock++
	t := v.by[id]
	if t == nil {
		t = &assetTexts{}
		t.init()
		if v.by == nil {
			v.by = make(map[string]*assetTexts)
		}
		v.by[id] = t
	}
	t.used = v.clock
	return t
}

// fit drops manifests until those that are left are few and small enough, but never the ones that were asked for last.
func (v *vod) fit() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for {
		oldest, size := "", 0
		for id, t := range v.by {
			size += t.common.held() + t.asked.held()
			if oldest == "" || t.used < v.by[oldest].used {
				oldest = id
			}
		}
		if len(v.by) <= 1 || len(v.by) <= maxAssets && size <= maxAssetBytes {
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
	if s.vod.assets == nil {
		s.fail(ctx, r.kind, fasthttp.StatusNotFound, "there is no such asset")
		return
	}
	a, err := s.vod.assets.Open(string(r.channel))
	if errors.Is(err, clip.ErrNotFound) {
		s.fail(ctx, r.kind, fasthttp.StatusNotFound, "there is no such asset")
		return
	}
	if err != nil {
		s.log.Error("an asset cannot be opened", "asset", string(r.channel), "error", err)
		s.fail(ctx, r.kind, fasthttp.StatusInternalServerError, "the asset cannot be read")
		return
	}
	if r.kind == kindSegment && s.serveStored(ctx, a, r) {
		return // it is released when it has been sent
	}
	defer a.Release()
	switch r.kind {
	case kindMultivariant, kindMPD, kindMedia, kindIFrames:
		s.serveAssetManifest(ctx, a, r)
	case kindInit:
		data := a.Init(string(r.track), uint32(r.number))
		if len(data) == 0 {
			s.notInAsset(ctx, r)
			return
		}
		s.send(ctx, &content{
			kind: kindInit, data: data, mime: storedType(a, r.track), ranges: true, maxAge: year, constant: true,
		}, sumTag(data))
	case kindKeys:
		s.serveStoredKeys(ctx, a, r)
	case kindText:
		s.serveStoredText(ctx, a, r)
	default:
		s.notInAsset(ctx, r)
	}
}

func (s *Server) notInAsset(ctx *fasthttp.RequestCtx, r *route) {
	s.fail(ctx, r.kind, fasthttp.StatusNotFound, "the asset has no such thing")
}

// storedType is the content type of a track's media.
func storedType(a *clip.Asset, track []byte) string {
	return mediaType(trackOf(a.Window(), track), track)
}

// serveAssetManifest sends a manifest. Each form of it is rendered once.
func (s *Server) serveAssetManifest(ctx *fasthttp.RequestCtx, a *clip.Asset, r *route) {
	now := s.now()
	q, err := parseQuery(ctx.URI().QueryString(), r.kind, s.carry, now)
	if err != nil {
		s.fail(ctx, r.kind, fasthttp.StatusBadRequest, err.Error())
		return
	}
	q.delta, q.block = hls.Whole, block{} // where nothing is added any more they are ignored (rfc8216bis, 6.2.5)
	q.sel.Over = q.sel.Over || !q.sel.End.IsZero()
	w, track := a.Window(), ""
	if r.kind == kindMedia || r.kind == kindIFrames {
		t := trackOf(w, r.track)
		if t == nil || r.kind == kindIFrames && t.Kind != media.Video {
			s.notInAsset(ctx, r)
			return
		}
		track = t.Name
	}
	texts := s.vod.texts(a.ID)
	e := texts.edition(r.kind, track, &q, now)
	sl := s.assetText(texts, e, w)
	if sl.err != nil {
		s.failEdition(ctx, a.ID, e, sl.err)
		return
	}
	s.sendText(ctx, e, sl, q.session, manifestAge)
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
		// A long asset's manifest takes a while, so that even the plain ones wait for their turn.
		if !s.render.turns.take() {
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

// serveStoredKeys sends the key frames of a segment.
func (s *Server) serveStoredKeys(ctx *fasthttp.RequestCtx, a *clip.Asset, r *route) {
	seg, file, ok := a.Segment(string(r.track), r.number)
	t := trackOf(a.Window(), r.track)
	if !ok || t == nil || t.Kind != media.Video || seg.Bytes > maxKeySegment {
		s.notInAsset(ctx, r)
		return
	}
	data := make([]byte, seg.Bytes)
	_, err := file.ReadAt(data, 0)
	if err == nil {
		data, err = trick.KeyFrames(data)
	}
	switch {
	case errors.Is(err, trick.ErrNoKey):
		s.notInAsset(ctx, r)
	case err != nil:
		s.log.Error("key frames of an asset cannot be read", "asset", a.ID, "track", seg.Track, "segment", r.number, "error", err)
		s.fail(ctx, r.kind, fasthttp.StatusInternalServerError, "the segment cannot be read")
	default:
		s.send(ctx, &content{
			kind: kindKeys, data: data, mime: storedType(a, r.track), ranges: true, maxAge: year, constant: true,
		}, sumTag(data))
	}
}

// appendSegmentTag is the entity tag of a segment.
func appendSegmentTag(b []byte, number uint64, checksum uint32, size int64) []byte {
	b = append(b, '"')
	b = strconv.AppendUint(b, number, 10)
	b = append(b, '-')
	b = strconv.AppendUint(b, uint64(checksum), 16)
	b = append(b, '-')
	b = strconv.AppendInt(b, size, 10)
	return append(b, '"')
}
