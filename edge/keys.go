package edge

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"weir/internal/media"
	"weir/packager/trick"
)

// maxKeySegments is how many segments of key frames are kept of a channel: about what players ask for at one time. They cost little to
// make anew.
const maxKeySegments = 32

// keySegments is the segments of key frames that were asked for lately. Each is made when it is first asked for, from the segment that it
// belongs to.
type keySegments struct {
	mu   sync.Mutex
	kept [maxKeySegments]*keySegment // a ring
	next int
}

// keySegment is one of them. Of its segment it keeps what tells it from others.
type keySegment struct {
	track    string
	number   uint64
	checksum uint32
	made     sync.Once
	done     atomic.Bool // it is made
	data     []byte
	tag      []byte
	err      error
}

// make makes it of the segment's media.
func (s *keySegment) make(data []byte) {
	s.made.Do(func() {
		s.data, s.err = trick.KeyFrames(data)
		s.tag = sumTag(s.data)
		s.done.Store(true)
	})
}

// find is that of a closed segment, which may have to be made.
func (k *keySegments) find(track string, seg *media.Segment) *keySegment {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.kept {
		if s != nil && s.number == seg.Segment && s.checksum == seg.Checksum && s.track == track {
			return s
		}
	}
	s := &keySegment{track: track, number: seg.Segment, checksum: seg.Checksum}
	k.kept[k.next] = s
	k.next = (k.next + 1) % maxKeySegments
	return s
}

// serveKeys sends the key frames of a segment, for players that show a channel at many times its speed.
func (s *Server) serveKeys(ctx *fasthttp.RequestCtx, c *channel, r *route) {
	t := trackOf(c.window.Snapshot(), r.track)
	seg, open := c.window.Segment(string(r.track), r.number)
	if open != nil { // listed by a Period that has nothing else yet
		if s.holdOpen(ctx, c, r) {
			return
		}
		seg, _ = c.window.Segment(string(r.track), r.number)
	}
	if seg == nil || t == nil || t.Kind != media.Video {
		s.missing(ctx, c, kindKeys)
		return
	}
	k := c.keys.find(t.Name, seg)
	if !k.done.Load() {
		data := s.bytesOf(ctx, c, seg, kindKeys)
		if data == nil {
			return
		}
		k.make(data)
	}
	switch {
	case errors.Is(k.err, trick.ErrNoKey):
		s.fail(ctx, kindKeys, fasthttp.StatusNotFound, "this segment has no key frame")
	case k.err != nil:
		s.log.Error("key frames cannot be taken out of a segment", "channel", c.id, "track", t.Name, "segment", r.number, "error", k.err)
		s.fail(ctx, kindKeys, fasthttp.StatusInternalServerError, "the key frames cannot be taken out of this segment")
	default:
		s.send(ctx, &content{kind: kindKeys, data: k.data, mime: "video/mp4", ranges: true, maxAge: mediaMaxAge(c), constant: true}, k.tag)
	}
}
