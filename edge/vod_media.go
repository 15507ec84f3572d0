package edge

import (
	"io"

	"github.com/valyala/fasthttp"

	"weir/internal/library"
	"weir/internal/media"
)

// serveAssetMedia sends an init segment, a segment, its key frames, its subtitles, or thumbnails. It is true where the asset is released when that
// was sent.
func (s *Server) serveAssetMedia(ctx *fasthttp.RequestCtx, a library.Asset, r *route) (held bool) {
	if r.kind == kindImage {
		s.serveAssetImage(ctx, a, r)
		return false
	}
	t := trackOf(a.Window(), r.track)
	if t == nil || r.kind == kindKeys && t.Kind != media.Video || r.kind == kindText && t.Codec != media.WVTT {
		s.notInAsset(ctx, r)
		return false
	}
	out := assetContent(ctx, a, r, mediaType(t, r.track))
	if r.kind == kindInit {
		if out.data = a.Init(t.Name, uint32(r.number)); len(out.data) == 0 {
			s.notInAsset(ctx, r)
			return false
		}
		s.send(ctx, &out, sumTag(out.data))
		return false
	}
	open := a.Segment
	if r.kind == kindKeys {
		open = a.Keys
	}
	b, err := open(t.Name, r.number)
	switch {
	case err != nil:
		s.failAsset(ctx, r, err)
		return false
	case r.kind == kindText:
		s.sendAssetText(ctx, a, t, r, b, out.maxAge)
		return false
	}
	var buf [64]byte
	etag := append(append(append(buf[:0], '"'), b.Tag()...), '"')
	if out.data = b.Bytes(); out.data != nil {
		s.send(ctx, &out, etag)
		return false
	}
	return s.stream(ctx, a, r, b, &out, etag)
}

// assetContent is media of an asset, without its data.
func assetContent(ctx *fasthttp.RequestCtx, a library.Asset, r *route, mime string) content {
	out := content{kind: r.kind, mime: mime, ranges: true, maxAge: year, constant: true}
	if a.Version() != "" && len(ctx.QueryArgs().Peek(versionParameter)) == 0 { // it is not for ever what is under this URL
		out.maxAge, out.constant = int(changingAge.Seconds()), false
	}
	return out
}

// sendAssetText sends a segment of subtitles as plain WebVTT.
func (s *Server) sendAssetText(ctx *fasthttp.RequestCtx, a library.Asset, t *media.Track, r *route, b library.Body, maxAge int) {
	if b.Size() > maxTextSegment {
		s.notInAsset(ctx, r)
		return
	}
	data, err := library.ReadAll(s.ctx, b)
	if err != nil {
		s.failAsset(ctx, r, err)
		return
	}
	// The segment is there, so its row is.
	rows := a.Window().Rows
	in, _ := rows.At(int(r.number - rows.At(0).Number)).Run.Track(t.Name)
	s.sendWebVTT(ctx, data, a.Init(in.Name, in.Init), in.Timescale, maxAge, a.ID())
}

// body is one that is read while it is being sent. Its asset stays open until it is closed.
type body struct {
	io.ReadCloser
	asset library.Asset
}

// WriteTo implements io.WriterTo.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	if to, ok := b.ReadCloser.(io.WriterTo); ok {
		return to.WriteTo(w)
	}
	return io.Copy(w, struct{ io.Reader }{b.ReadCloser})
}

// SupportsBodyWriteTo implements fasthttp.BodyWriterTo.
func (b *body) SupportsBodyWriteTo() bool { return true }

// Close implements io.Closer. fasthttp calls it when the body was sent, or cannot be.
func (b *body) Close() error {
	if b.asset == nil {
		return nil
	}
	err := b.ReadCloser.Close()
	b.asset.Release()
	b.asset = nil
	return err
}

// stream sends a body that is not in memory. It is true where it releases the asset.
func (s *Server) stream(ctx *fasthttp.RequestCtx, a library.Asset, r *route, b library.Body, out *content, etag []byte) (held bool) {
	h := &ctx.Response.Header
	h.SetBytesV("Etag", etag)
	setCacheControl(h, out.maxAge, out.constant)
	if matchesNone(ctx.Request.Header.Peek("If-None-Match"), etag) {
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		s.counts.add(r.kind, fasthttp.StatusNotModified, 0)
		return false
	}
	size := int(b.Size())
	from, to, status := 0, size, fasthttp.StatusOK
	if field := ctx.Request.Header.Peek("Range"); len(field) > 0 && ctx.IsGet() && rangeStands(ctx.Request.Header.Peek("If-Range"), etag) {
		var sp span
		switch from, to, sp = parseRange(field, size); sp {
		case spanNone:
			setContentRange(h, -1, -1, size)
			s.fail(ctx, r.kind, fasthttp.StatusRequestedRangeNotSatisfiable, "the range begins behind the end")
			return false
		case spanPart:
			setContentRange(h, from, to-1, size)
			status = fasthttp.StatusPartialContent
		}
	}
	from64, to64 := int64(from), int64(to)
	if ctx.IsHead() {
		to64 = from64 // what cannot be read is told, and no more is read
	}
	open, err := b.Open(s.ctx, from64, to64)
	if err != nil {
		h.Del("Content-Range")
		s.failAsset(ctx, r, err)
		return false
	}
	h.Set("Accept-Ranges", "bytes")
	h.SetContentType(out.mime)
	ctx.SetStatusCode(status)
	ctx.Response.SetBodyStream(&body{open, a}, to-from)
	sent := to - from
	if ctx.IsHead() {
		sent = 0
	}
	s.counts.add(r.kind, status, sent)
	return true
}
