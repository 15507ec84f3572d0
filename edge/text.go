package edge

import (
	"github.com/valyala/fasthttp"

	"weir/internal/media"
	"weir/packager/vtt"
)

// vttType is the content type of subtitles as HLS has them.
const vttType = "text/vtt"

// maxTextSegment is the largest segment of text, in bytes, that is written as WebVTT.
const maxTextSegment = 4 << 20

// mediaType is the content type of a track's media in MP4; t may be nil.
func mediaType(t *media.Track, name []byte) string {
	switch {
	case t != nil && t.Kind == media.Audio, t == nil && name[0] == 'a':
		return "audio/mp4"
	case t != nil && t.Kind == media.Text, t == nil && name[0] == 't':
		return "application/mp4"
	}
	return "video/mp4"
}

// serveText sends a segment of subtitles as plain WebVTT, which is written anew for who asks: it is small, and caches keep it.
func (s *Server) serveText(ctx *fasthttp.RequestCtx, c *channel, r *route) {
	t := trackOf(c.window.Snapshot(), r.track)
	seg, _ := c.window.Segment(string(r.track), r.number)
	if seg == nil || seg.Gap() || t == nil || t.Codec != media.WVTT {
		s.missing(ctx, c, kindText)
		return
	}
	data := s.bytesOf(ctx, c, seg, kindText)
	if data == nil {
		return
	}
	s.sendWebVTT(ctx, data, c.window.Init(t.Name, seg.Init), seg.Timescale, mediaMaxAge(c), c.id)
}

func (s *Server) sendWebVTT(ctx *fasthttp.RequestCtx, data, init []byte, timescale uint32, maxAge int, of string) {
	text, err := vtt.Segment(data, init, timescale)
	if err != nil {
		s.log.Error("subtitles cannot be written as WebVTT", "channel", of, "error", err)
		s.fail(ctx, kindText, fasthttp.StatusInternalServerError, "the subtitles cannot be taken out of this segment")
		return
	}
	s.send(ctx, &content{kind: kindText, data: text, mime: vttType, ranges: true, maxAge: maxAge, constant: true}, sumTag(text))
}
