package edge

import (
	"hash/crc32"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

// mimeOf is the content type of a track's media (rule 13 of conformance.md).
func mimeOf(c *channel, track []byte) string {
	// Where nothing of it is listed yet, its name tells.
	return mediaType(trackOf(c.window.Snapshot(), track), track)
}

// mediaMaxAge is how long a segment will be there: about as long as the window is. It holds for init segments too: versions
// begin anew with a channel that is deleted and made again, so that caches must not have them for longer than its media.
func mediaMaxAge(c *channel) int {
	w := c.window.Snapshot()
	return int(max(w.DVR, 3*w.Target) / time.Second)
}

// missing answers for media that is not there.
func (s *Server) missing(ctx *fasthttp.RequestCtx, c *channel, k kind) {
	if !c.window.Ready() {
		s.fail(ctx, k, fasthttp.StatusServiceUnavailable, "the channel is being read from the bus; try again soon")
		return
	}
	s.fail(ctx, k, fasthttp.StatusNotFound, "this has left the window, or is not there yet")
}

// serveSegment sends a closed segment from the window's memory, or follows one that is being made.
func (s *Server) serveSegment(ctx *fasthttp.RequestCtx, c *channel, r *route) {
	seg, open := c.window.Segment(string(r.track), r.number)
	if seg == nil && open == nil && ctx.Request.Header.IsHTTP11() && s.holdSegment(ctx, c, r) {
		return
	}
	if seg == nil && open == nil {
		seg, open = c.window.Segment(string(r.track), r.number)
	}
	switch {
	case seg != nil:
		data := s.bytesOf(ctx, c, seg, kindSegment)
		if data == nil {
			return
		}
		var buf [64]byte
		b := append(buf[:0], '"')
		b = strconv.AppendUint(b, r.number, 10)
		b = append(b, '-')
		b = strconv.AppendUint(b, uint64(seg.Checksum), 16)
		b = append(b, '-')
		b = strconv.AppendInt(b, int64(len(data)), 10)
		b = append(b, '"')
		s.send(ctx, &content{
			kind: kindSegment, data: data, mime: mimeOf(c, r.track),
			ranges: true, maxAge: mediaMaxAge(c), constant: true,
		}, b)
	case open != nil && ctx.Request.Header.IsHTTP11():
		s.follow(ctx, c, r, open)
	default:
		s.missing(ctx, c, kindSegment)
	}
}

// serveChunk sends one chunk.
func (s *Server) serveChunk(ctx *fasthttp.RequestCtx, c *channel, r *route) {
	data := c.window.Part(string(r.track), r.number, r.index)
	if data == nil && s.holdPart(ctx, c, r) {
		return
	}
	if data == nil {
		data = c.window.Part(string(r.track), r.number, r.index)
	}
	if seg, _ := c.window.Segment(string(r.track), r.number); data == nil && seg != nil && seg.Data == nil && r.index < seg.Chunks {
		whole := s.bytesOf(ctx, c, seg, kindChunk)
		if whole == nil {
			return
		}
		data = chunkOf(whole, r.index)
	}
	if data == nil {
		s.missing(ctx, c, kindChunk)
		return
	}
	s.send(ctx, &content{
		kind: kindChunk, data: data, mime: mimeOf(c, r.track),
		ranges: true, maxAge: mediaMaxAge(c), constant: true,
	}, sumTag(data))
}

// serveInit sends an init segment.
func (s *Server) serveInit(ctx *fasthttp.RequestCtx, c *channel, r *route) {
	data := c.window.Init(string(r.track), uint32(r.number))
	if len(data) == 0 {
		s.missing(ctx, c, kindInit)
		return
	}
	s.send(ctx, &content{
		kind: kindInit, data: data, mime: mimeOf(c, r.track), ranges: true, maxAge: mediaMaxAge(c),
	}, sumTag(data))
}

// sumTag is an entity tag by what the bytes are, so that it is the same on every edge.
func sumTag(data []byte) []byte {
	b := append(make([]byte, 0, 32), '"')
	b = strconv.AppendUint(b, uint64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))), 16)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(len(data)), 10)
	return append(b, '"')
}
