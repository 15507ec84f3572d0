package edge

import (
	"errors"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
)

const (
	hlsType   = "application/vnd.apple.mpegurl"
	dashType  = "application/dash+xml"
	patchType = "application/dash-patch+xml"
)

// maxZippedSession is the largest text in bytes that is compressed for one session alone.
const maxZippedSession = 256 << 10

// playlists is what a channel's manifests look like: the forms that anybody asks for, and those that queries have made up.
type playlists struct{ common, asked editions }

func (p *playlists) init() {
	p.common.most, p.common.bytes = maxPlain, 1<<62
	p.asked.most, p.asked.bytes = maxAsked, maxAskedBytes
}

// sweep drops what nobody has asked for in a while.
func (p *playlists) sweep(now time.Time) {
	p.common.sweep(now)
	p.asked.sweep(now)
}

// edition is that of the form that q asks for.
func (p *playlists) edition(k kind, track string, q *query, now time.Time) *edition {
	f := form{kind: k, track: track, query: q.stretch, over: q.sel.Over, delta: q.delta, session: q.session != nil}
	if track == "" {
		f.query = q.whole
	}
	if k != kindPatch {
		return p.find(f, q, nil, now)
	}
	f.kind = kindMPD
	whole := p.find(f, q, nil, now)
	f.kind, f.from = kindPatch, q.from
	return p.find(f, q, whole, now)
}

// find is the edition of that form, which is made where there is none.
func (p *playlists) find(f form, q *query, whole *edition, now time.Time) *edition {
	set := &p.common
	if !f.plain() {
		set = &p.asked
	}
	if e := set.find(f, now); e != nil && e.whole == whole {
		return e
	}
	e := newEdition(f, q)
	e.whole = whole
	return set.add(e, now)
}

// newEdition is one without a text. What q points to is not kept.
func newEdition(f form, q *query) *edition {
	e := &edition{form: f, sel: q.sel}
	playlists := q.stretch
	if f.track != "" {
		e.sel.Tracks, e.sel.MaxHeight, e.sel.MaxBitrate, e.sel.Languages = nil, 0, 0, nil
	} else if f.kind != kindMultivariant {
		playlists = q.whole
	}
	if q.version != "" {
		e.links.Media = "?" + versionParameter + "=" + q.version
	}
	if f.session {
		if e.links.Media == "" {
			e.links.Media = "?" + placeholder
		} else {
			e.links.Media += "&" + placeholder
		}
		if playlists != "" {
			playlists += "&"
		}
		playlists += placeholder
	}
	if playlists != "" {
		e.links.Playlists = "?" + playlists
	}
	return e
}

// servePlaylist sends a manifest.
func (s *Server) servePlaylist(ctx *fasthttp.RequestCtx, c *channel, r *route) {
	if !c.window.Ready() {
		s.fail(ctx, r.kind, fasthttp.StatusServiceUnavailable, "the channel is being read from the bus; try again soon")
		return
	}
	now := s.now()
	q, err := parseQuery(ctx.URI().QueryString(), r.kind, s.carry, now)
	if err != nil {
		s.fail(ctx, r.kind, fasthttp.StatusBadRequest, err.Error())
		return
	}
	w := c.window.Snapshot()
	if w.Rows.Len() == 0 {
		s.fail(ctx, r.kind, fasthttp.StatusNotFound, "the channel has nothing to play now")
		return
	}
	track := ""
	if r.kind == kindMedia || r.kind == kindIFrames {
		t := trackOf(w, r.track)
		if t == nil || r.kind == kindIFrames && t.Kind != media.Video {
			s.fail(ctx, r.kind, fasthttp.StatusNotFound, "the channel has no such track now")
			return
		}
		track = t.Name
	}
	if r.kind == kindPatch && q.from == "" {
		s.fail(ctx, r.kind, fasthttp.StatusBadRequest, "from: it must be there")
		return
	}
	if (r.kind == kindMPD || r.kind == kindPatch) && c.notes.ask(now) {
		c.lot.rouse()
	}
	e := c.playlists.edition(r.kind, track, &q, now)
	switch {
	case q.block.on && s.block(ctx, c, e, &q):
	case r.kind == kindPatch && s.blockPatch(ctx, c, e, q.session):
	default:
		s.sendEdition(ctx, c, e, s.text(c, e), q.session, q.block.on)
	}
}

// trackOf is the window's track of that name, or nil.
func trackOf(w *media.Window, name []byte) *media.Track {
	for i := range w.Tracks {
		if w.Tracks[i].Name == string(name) {
			return &w.Tracks[i]
		}
	}
	return nil
}

// sendEdition sends a text of e. blocking tells that it answers a blocking reload: its URL will never have another answer that
// matters, so that caches may keep it.
func (s *Server) sendEdition(ctx *fasthttp.RequestCtx, c *channel, e *edition, sl *slot, session []byte, blocking bool) {
	if sl.err != nil {
		s.failEdition(ctx, c.id, e, sl.err)
		return
	}
	age := sl.target / 2
	if blocking {
		age = 6 * sl.target
	}
	s.sendText(ctx, e, sl, session, age)
}

// sendText sends the text of an edition, which caches may keep for age.
func (s *Server) sendText(ctx *fasthttp.RequestCtx, e *edition, sl *slot, session []byte, age time.Duration) {
	out := content{kind: e.kind, data: sl.text, mime: hlsType, varies: true, maxAge: int(max(time.Second, age) / time.Second)}
	switch e.kind {
	case kindMPD:
		out.mime = dashType
	case kindPatch:
		out.mime = patchType
	}
	tag, zip := sl.tag, wantsGzip(ctx.Request.Header.Peek("Accept-Encoding"))
	switch {
	case e.session:
		out.data, tag, out.zipTag = sl.with(e.kind, session)
		if zip && len(out.data) <= maxZippedSession {
			out.zipped = s.render.compress(out.data)
		}
	case zip:
		sl.zip(s.render)
		out.zipped, out.zipTag = sl.gzip, sl.gzipTag
	}
	s.send(ctx, &out, tag)
	if e.session {
		ctx.Response.Header.Set("Cache-Control", "private, max-age="+strconv.Itoa(out.maxAge))
	}
}

// failEdition says why there is no text of a manifest of that channel or asset.
func (s *Server) failEdition(ctx *fasthttp.RequestCtx, id string, e *edition, err error) {
	var none *manifest.NoTrackError
	switch {
	case errors.Is(err, errBusy):
		s.fail(ctx, e.kind, fasthttp.StatusServiceUnavailable, err.Error())
	case errors.As(err, &none):
		s.fail(ctx, e.kind, fasthttp.StatusNotFound, none.Error())
	case errors.Is(err, manifest.ErrEmpty):
		s.fail(ctx, e.kind, fasthttp.StatusNotFound, "the channel has nothing of what was asked for to play now")
	case errors.Is(err, hls.ErrTrack):
		s.fail(ctx, e.kind, fasthttp.StatusNotFound, "the channel has nothing of this track to play in what was asked for")
	default:
		s.log.Error("a manifest cannot be rendered", "channel", id, "kind", e.kind.String(), "track", e.track, "query", e.query, "error", err)
		s.fail(ctx, e.kind, fasthttp.StatusInternalServerError, "the manifest cannot be made")
	}
}
