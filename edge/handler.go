package edge

import (
	"errors"
	"net"
	"strconv"

	"github.com/valyala/fasthttp"
)

const (
	textType   = "text/plain; charset=utf-8"
	allowed    = "GET, HEAD, OPTIONS"
	exposed    = "Content-Length, Content-Range, Date, ETag, Retry-After, Server"
	asked      = "Accept, Content-Type, If-None-Match, If-Range, Range"
	askedFor   = "86400" // seconds that a browser may remember the answer to a preflight request
	retryAfter = "1"     // seconds
)

// handle answers a request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	r := s.route(ctx)
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("answering a request has panicked", "kind", r.kind.String(), "remote", ctx.RemoteAddr(), "panic", p)
			s.fail(ctx, r.kind, fasthttp.StatusInternalServerError, "internal error")
		}
	}()
	h := &ctx.Response.Header
	if r.kind.live() {
		openToAll(h)
	}
	switch {
	case r.kind == kindHostile:
		s.fail(ctx, r.kind, fasthttp.StatusBadRequest, "the path is not well-formed")
	case ctx.IsGet() || ctx.IsHead():
		s.get(ctx, &r)
	case ctx.IsOptions():
		h.Set("Allow", allowed)
		h.Set("Access-Control-Allow-Methods", allowed)
		h.Set("Access-Control-Allow-Headers", asked)
		h.Set("Access-Control-Max-Age", askedFor)
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		s.counts.add(r.kind, fasthttp.StatusNoContent, 0)
	default:
		h.Set("Allow", allowed)
		s.fail(ctx, r.kind, fasthttp.StatusMethodNotAllowed, "only GET, HEAD and OPTIONS are answered")
	}
}

// openToAll lets pages of any origin see an answer.
func openToAll(h *fasthttp.ResponseHeader) {
	set(h, "Access-Control-Allow-Origin", "*")
	set(h, "Access-Control-Expose-Headers", exposed)
}

// set sets a field whose name is written as fasthttp would, which then need not look at it.
func set(h *fasthttp.ResponseHeader, name, value string) { h.SetCanonical([]byte(name), []byte(value)) }

// get answers GET and HEAD.
func (s *Server) get(ctx *fasthttp.RequestCtx, r *route) {
	switch r.kind {
	case kindPage:
		s.servePage(ctx)
		return
	case kindIndex:
		s.serveIndex(ctx, r)
		return
	case kindTime:
		s.serveTime(ctx)
		return
	case kindUnknown:
		s.fail(ctx, r.kind, fasthttp.StatusNotFound, "there is nothing under this path")
		return
	}
	if r.vod {
		s.serveAsset(ctx, r)
		return
	}
	c := s.channels.get(string(r.channel))
	if c == nil && s.elsewhere.has(string(r.channel)) {
		s.fail(ctx, r.kind, fasthttp.StatusMisdirectedRequest, "other edges serve this channel")
		return
	}
	if c == nil {
		s.fail(ctx, r.kind, fasthttp.StatusNotFound, "there is no such channel")
		return
	}
	s.join(c)
	switch r.kind {
	case kindMultivariant, kindMPD, kindPatch, kindMedia, kindIFrames:
		s.servePlaylist(ctx, c, r)
	case kindInit:
		s.serveInit(ctx, c, r)
	case kindSegment:
		s.serveSegment(ctx, c, r)
	case kindChunk:
		s.serveChunk(ctx, c, r)
	case kindKeys:
		s.serveKeys(ctx, c, r)
	case kindText:
		s.serveText(ctx, c, r)
	case kindImage:
		s.fail(ctx, r.kind, fasthttp.StatusNotFound, "there are no thumbnails of channels, only of assets")
	}
}

// content is something that can be sent. Its bytes are not copied and must not change.
type content struct {
	kind     kind
	data     []byte
	zipped   []byte // data in gzip; nil: there is none
	zipTag   []byte // of zipped
	mime     string
	ranges   bool // parts of it may be asked for
	varies   bool // what is sent depends on Accept-Encoding
	maxAge   int  // seconds that caches may keep it; < 0: they must ask each time
	constant bool // it never changes under its path
}

// send answers with content: whole, a part of it, or 304. etag is the strong entity tag of c.data; it stands beside c so that it
// can be made on the stack.
func (s *Server) send(ctx *fasthttp.RequestCtx, c *content, etag []byte) {
	h := &ctx.Response.Header
	data, first := c.data, 0 // first is where data begins in the whole
	if c.varies {
		set(h, "Vary", "Accept-Encoding")
		if c.zipped != nil && wantsGzip(ctx.Request.Header.Peek("Accept-Encoding")) {
			data, etag = c.zipped, c.zipTag
			h.SetContentEncoding("gzip")
		}
	}
	h.SetCanonical([]byte("Etag"), etag)
	setCacheControl(h, c.maxAge, c.constant)
	if matchesNone(ctx.Request.Header.Peek("If-None-Match"), etag) {
		h.SetContentEncodingBytes(nil)
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		s.counts.add(c.kind, fasthttp.StatusNotModified, 0)
		return
	}
	h.SetContentType(c.mime)
	status := fasthttp.StatusOK
	if c.ranges {
		set(h, "Accept-Ranges", "bytes")
		if field := ctx.Request.Header.Peek("Range"); len(field) > 0 && ctx.IsGet() && &data[0] == &c.data[0] &&
			rangeStands(ctx.Request.Header.Peek("If-Range"), etag) {
			from, to, sp := parseRange(field, len(data))
			switch sp {
			case spanNone:
				setContentRange(h, -1, -1, len(data))
				s.fail(ctx, c.kind, fasthttp.StatusRequestedRangeNotSatisfiable, "the range begins behind the end")
				return
			case spanPart:
				setContentRange(h, from, to-1, len(data))
				status = fasthttp.StatusPartialContent
				data, first = data[from:to], from
			}
		}
	}
	ctx.SetStatusCode(status)
	conn, ours := ctx.Conn().(*connection)
	switch {
	case ctx.IsHead():
		ctx.Response.SetBodyRaw(data)
		data = nil
	case ours && len(data) >= gatherFrom:
		conn.body.body = data
		if c.kind == kindSegment && len(data) >= hotFrom {
			conn.body.copy = conn.hot(&s.hot, c.data, first)
		}
		ctx.Response.SetBodyStream(&conn.body, len(data))
	default:
		ctx.Response.SetBodyRaw(data)
	}
	s.counts.add(c.kind, status, len(data))
}

// setCacheControl says how long caches may keep an answer.
func setCacheControl(h *fasthttp.ResponseHeader, maxAge int, constant bool) {
	if maxAge < 0 {
		set(h, "Cache-Control", "no-cache")
		return
	}
	var buf [64]byte
	b := strconv.AppendInt(append(buf[:0], "public, max-age="...), int64(maxAge), 10)
	if constant {
		b = append(b, ", immutable"...)
	}
	h.SetCanonical([]byte("Cache-Control"), b)
}

// setContentRange says which part is sent, or how large the whole is where from is negative.
func setContentRange(h *fasthttp.ResponseHeader, from, last, size int) {
	var buf [80]byte
	b := append(buf[:0], "bytes "...)
	if from < 0 {
		b = append(b, '*')
	} else {
		b = strconv.AppendInt(b, int64(from), 10)
		b = append(b, '-')
		b = strconv.AppendInt(b, int64(last), 10)
	}
	b = append(b, '/')
	h.SetBytesV("Content-Range", strconv.AppendInt(b, int64(size), 10))
}

// fail answers with an error: one line of text.
func (s *Server) fail(ctx *fasthttp.RequestCtx, k kind, status int, line string) {
	h := &ctx.Response.Header
	h.SetContentEncodingBytes(nil)
	h.Del("Etag")
	h.SetContentType(textType)
	switch status {
	case fasthttp.StatusNotFound:
		h.Set("Cache-Control", "public, max-age=1") // what is not yet there may be in a moment
	default:
		h.Set("Cache-Control", "no-store")
	}
	if status == fasthttp.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	ctx.SetStatusCode(status)
	ctx.Response.SetBodyString(line + "\n")
	s.counts.add(k, status, 0)
}

// broken answers what is no HTTP request.
func (s *Server) broken(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.As(err, &small):
		s.fail(ctx, kindHostile, fasthttp.StatusRequestHeaderFieldsTooLarge, "the request's header is too large")
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		s.fail(ctx, kindHostile, fasthttp.StatusRequestEntityTooLarge, "the request's body is too large")
	case errors.As(err, &network) && network.Timeout():
		s.fail(ctx, kindHostile, fasthttp.StatusRequestTimeout, "the request took too long")
	default:
		s.fail(ctx, kindHostile, fasthttp.StatusBadRequest, "this is no HTTP request")
	}
}
