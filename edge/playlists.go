package edge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fasthttp"

	"weir/internal/media"
	"weir/manifest"
)

const (
	hlsType  = "application/vnd.apple.mpegurl"
	dashType = "application/dash+xml"
)

// renderers make manifests of a window.
type renderers struct {
	multivariant, mpd func(w *media.Window, links manifest.Links) ([]byte, error)
	media             func(w *media.Window, track string, links manifest.Links, delta bool) ([]byte, error)
	zips              sync.Pool // of *gzip.Writer
	count             atomic.Uint64
}

// playlists keeps what was rendered of a channel's newest snapshot.
type playlists struct{ newest atomic.Pointer[rendering] }

// rendering is the manifests of one snapshot, each rendered when it is first asked for. It does not refer to the snapshot, so that
// it keeps no media in memory.
type rendering struct {
	version      uint64
	multivariant slot
	mpd          slot
	media        []slot // beside tracks
	tracks       []media.Track
}

// slot is one manifest. All who ask for it while it is being rendered wait for the one who renders; nobody else does.
type slot struct {
	rendered, zipped sync.Once

	text, gzip   []byte // gzip is nil where it would not be shorter
	tag, gzipTag []byte
	err          error
}

// current is the rendering of the newest snapshot, and the snapshot.
func (p *playlists) current(c *channel) (*rendering, *media.Window) {
	for {
		w := c.window.Snapshot()
		version := w.Version.Listing
		r := p.newest.Load()
		if r != nil && r.version == version {
			return r, w
		}
		if r != nil && r.version > version {
			continue // there is a newer snapshot by now
		}
		n := &rendering{version: version, tracks: w.Tracks, media: make([]slot, len(w.Tracks))}
		if p.newest.CompareAndSwap(r, n) {
			return n, w
		}
	}
}

// servePlaylist sends a manifest.
func (s *Server) servePlaylist(ctx *fasthttp.RequestCtx, c *channel, r *route) {
	if !c.window.Ready() {
		s.fail(ctx, r.kind, fasthttp.StatusServiceUnavailable, "the channel is being read from the bus; try again soon")
		return
	}
	of, w := c.playlists.current(c)
	if w.Rows.Len() == 0 {
		s.fail(ctx, r.kind, fasthttp.StatusNotFound, "the channel has nothing to play now")
		return
	}
	var sl *slot
	mime, track := hlsType, ""
	switch r.kind {
	case kindMultivariant:
		sl = &of.multivariant
	case kindMPD:
		sl, mime = &of.mpd, dashType
	default:
		for i := range of.tracks {
			if of.tracks[i].Name == string(r.track) {
				sl, track = &of.media[i], of.tracks[i].Name
			}
		}
		if sl == nil {
			s.fail(ctx, r.kind, fasthttp.StatusNotFound, "the channel has no such track now")
			return
		}
	}
	sl.rendered.Do(func() {
		if sl.render(s.render, r.kind, w, track); sl.err != nil {
			s.log.Error("a manifest cannot be rendered", "channel", c.id, "kind", r.kind.String(), "track", track, "error", sl.err)
		}
	})
	if sl.err != nil {
		s.fail(ctx, r.kind, fasthttp.StatusInternalServerError, "the manifest cannot be made")
		return
	}
	zip := wantsGzip(ctx.Request.Header.Peek("Accept-Encoding"))
	out := content{
		kind: r.kind, data: sl.text, mime: mime, varies: true, maxAge: int(max(time.Second, w.Target/2) / time.Second),
	}
	if zip {
		sl.zipped.Do(func() { sl.zip(s.render) })
		out.zipped, out.zipTag = sl.gzip, sl.gzipTag
	}
	s.send(ctx, &out, sl.tag)
}

// render makes the text.
func (sl *slot) render(by *renderers, k kind, w *media.Window, track string) {
	defer func() {
		if p := recover(); p != nil {
			sl.err = fmt.Errorf("panic: %v", p)
		}
	}()
	by.count.Add(1)
	switch k {
	case kindMultivariant:
		sl.text, sl.err = by.multivariant(w, manifest.Links{})
	case kindMPD:
		sl.text, sl.err = by.mpd(w, manifest.Links{})
	default:
		sl.text, sl.err = by.media(w, track, manifest.Links{}, false)
	}
	sl.tag, sl.gzipTag = textTags(sl.text)
}

// zip makes the gzip form.
func (sl *slot) zip(by *renderers) { sl.gzip = by.compress(sl.text) }

// compress is text in gzip, nil where that is not shorter. What is compressed here lives for a moment, so speed matters more than
// the last bytes.
func (by *renderers) compress(text []byte) []byte {
	z, ok := by.zips.Get().(*gzip.Writer)
	if !ok {
		var err error
		if z, err = gzip.NewWriterLevel(nil, 4); err != nil {
			return nil
		}
	}
	defer by.zips.Put(z)
	return gzipped(z, text)
}

// gzipped is text as z compresses it, nil where that is not shorter.
func gzipped(z *gzip.Writer, text []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(text)/8 + 256)
	z.Reset(&out)
	if _, err := z.Write(text); err != nil {
		return nil
	}
	if err := z.Close(); err != nil || out.Len() >= len(text) {
		return nil
	}
	return out.Bytes()
}

// textTags are the entity tags of a text and of its gzip form.
func textTags(text []byte) (plain, zipped []byte) {
	sum := sha256.Sum256(text)
	id := hex.EncodeToString(sum[:12])
	return []byte(`"` + id + `"`), []byte(`"` + id + `-gzip"`)
}
