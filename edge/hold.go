package edge

import (
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"weir/internal/media"
	"weir/manifest/dash"
	"weir/manifest/hls"
)

// wish is what a request is held for: a segment or a part in a playlist, or a part itself.
type wish struct {
	edition *edition // of the playlist; nil: the part itself
	track   string
	segment uint64
	part    int // -1: the whole segment
}

// holdTargets is how long a request is held at most, in target durations (rule 18 of conformance.md).
const holdTargets = 3

// holdFor is how long a request is held at most.
func (s *Server) holdFor(w *media.Window) time.Duration {
	if s.longest > 0 {
		return s.longest
	}
	return max(time.Second, holdTargets*w.Target)
}

// reach is how far the playlist of that edition goes; false: there is none.
func (e *edition) reach(w *media.Window) (hls.Edge, bool) {
	w, err := e.selected(w)
	if err != nil {
		return hls.Edge{}, false
	}
	if e.kind == kindIFrames {
		return hls.LastRow(w)
	}
	return hls.Last(w, e.track)
}

// block is a blocking playlist reload (rfc8216bis, 6.2.5.2). It is false where the playlist can be sent now; else the request is answered,
// or will be.
func (s *Server) block(ctx *fasthttp.RequestCtx, c *channel, e *edition, q *query) bool {
	w := c.window.Snapshot()
	reach, ok := e.reach(w)
	switch b := &q.block; {
	case !ok || reach.Has(b.segment, b.part):
		return false
	case reach.TooFar(b.segment, b.part):
		name, what := paramMSN.name(), b.segment
		if !reach.TooFar(b.segment, -1) {
			name, what = paramPart.name(), uint64(b.part)
		}
		s.fail(ctx, e.kind, fasthttp.StatusBadRequest, fmt.Sprintf("%s: %d is too far ahead: the playlist ends with segment %d and %d parts more",
			name, what, reach.MSN, reach.Open))
		return true
	}
	return s.hold(ctx, c, wish{edition: e, track: e.track, segment: q.block.segment, part: q.block.part}, q.session, w)
}

// blockPatch holds the request for a patch of the newest MPD until there is a newer one, which is what the player asks for. What it gives back is as
// in block.
func (s *Server) blockPatch(ctx *fasthttp.RequestCtx, c *channel, e *edition, session []byte) bool {
	w := c.window.Snapshot()
	what := wish{edition: e}
	if s.settled(c, w, what) {
		return false
	}
	return s.hold(ctx, c, what, session, w)
}

// hold lets a request wait for what it wants, which w has not. It is false where that has come about, or never will; else the request is
// answered, or will be.
func (s *Server) hold(ctx *fasthttp.RequestCtx, c *channel, what wish, session []byte, w *media.Window) bool {
	if conn, ok := ctx.Conn().(*connection); ok && parkable(&ctx.Request.Header) {
		who := waiter{
			head: ctx.IsHead(), zip: wantsGzip(ctx.Request.Header.Peek("Accept-Encoding")), until: time.Now().Add(s.holdFor(w)).UnixNano(),
		}
		if session != nil {
			who.session = append([]byte(nil), session...)
		}
		seen := w.Version
		ctx.HijackSetNoResponse(true)
		ctx.Hijack(parker{s, c, conn, what, who, seen}.park)
		return true
	}
	switch s.wait(c, s.holdFor(w), func(w *media.Window) bool { return s.settled(c, w, what) }) {
	case waitDone:
		return false
	case waitClosing:
		ctx.Response.SetConnectionClose()
		s.fail(ctx, what.kind(), fasthttp.StatusServiceUnavailable, "the server is closing")
	case waitRemoved:
		s.fail(ctx, what.kind(), fasthttp.StatusNotFound, "there is no such channel")
	case waitTimeout:
		s.failHeld(ctx, c, what, session)
	}
	return true
}

// failHeld answers a request that was held for too long.
func (s *Server) failHeld(ctx *fasthttp.RequestCtx, c *channel, what wish, session []byte) {
	switch what.kind() {
	case kindChunk:
		s.fail(ctx, kindChunk, fasthttp.StatusNotFound, "this part was not made")
	case kindPatch: // one that changes nothing is true
		s.sendEdition(ctx, c, what.edition, s.textAtOnce(c, what.edition), session, false)
	default:
		s.fail(ctx, what.kind(), fasthttp.StatusServiceUnavailable, "what is waited for has not come in three target durations")
	}
}

// kind is that of the request.
func (what *wish) kind() kind {
	if what.edition == nil {
		return kindChunk
	}
	return what.edition.kind
}

// parkable tells whether the connection of a request can be answered apart from its goroutine. Rare kinds of requests are not worth it.
func parkable(h *fasthttp.RequestHeader) bool {
	return h.IsHTTP11() && !h.ConnectionClose() && h.ContentLength() <= 0 &&
		len(h.Peek("If-None-Match")) == 0 && len(h.Peek("Range")) == 0
}

// settled tells whether what is wanted has come about, or never will.
func (s *Server) settled(c *channel, w *media.Window, what wish) bool {
	switch e := what.edition; {
	case e != nil && e.kind == kindPatch:
		sl := s.textAtOnce(c, e)
		return sl.err != nil || sl.news != dash.Same
	case e != nil:
		reach, ok := e.reach(w)
		return !ok || reach.Has(what.segment, what.part)
	}
	if c.window.Part(what.track, what.segment, what.part) != nil {
		return true
	}
	reach, ok := hls.Last(w, what.track)
	return !ok || !reach.Hints(what.segment, what.part)
}

// hinted tells whether a part is the one that the track's playlist hints at (rule 20).
func hinted(w *media.Window, track string, segment uint64, part int) bool {
	if !w.LowLatency || w.Ended {
		return false
	}
	reach, ok := hls.Last(w, track)
	return ok && reach.Hints(segment, part)
}

// waitResult is how waiting in place has ended.
type waitResult int

const (
	waitDone waitResult = iota
	waitTimeout
	waitClosing // the server
	waitRemoved // the channel
)

// wait is until ok, in the request's own goroutine.
func (s *Server) wait(c *channel, longest time.Duration, ok func(w *media.Window) bool) waitResult {
	s.inPlace.Add(1)
	defer s.inPlace.Add(-1)
	timer := time.NewTimer(longest)
	defer timer.Stop()
	for {
		changed := c.window.Changed()
		if ok(c.window.Snapshot()) {
			return waitDone
		}
		select {
		case <-changed:
		case <-timer.C:
			return waitTimeout
		case <-s.ctx.Done():
			return waitClosing
		case <-c.ctx.Done():
			return waitRemoved
		}
	}
}

// holdPart holds a request for the part that the track's playlist hints at, until all of it is there (rule 20). It is false where that has
// come about, or never will, or nobody was told to ask for it; else the request is answered, or will be.
func (s *Server) holdPart(ctx *fasthttp.RequestCtx, c *channel, r *route) bool {
	w := c.window.Snapshot()
	t := trackOf(w, r.track)
	if t == nil || !c.window.Ready() || !hinted(w, t.Name, r.number, r.index) {
		return false
	}
	return s.hold(ctx, c, wish{track: t.Name, segment: r.number, part: r.index}, nil, w)
}

// holdSegment holds a request for the segment behind all that have begun, until it begins: players of DASH in low latency ask for it a
// little ahead. What it gives back is as in holdPart.
func (s *Server) holdSegment(ctx *fasthttp.RequestCtx, c *channel, r *route) bool {
	w := c.window.Snapshot()
	if !w.LowLatency || w.Ended || !c.window.Ready() || trackOf(w, r.track) == nil || r.number != next(w) {
		return false
	}
	return s.holdInPlace(ctx, c, r, func(w *media.Window) bool {
		seg, open := c.window.Segment(string(r.track), r.number)
		return seg != nil || open != nil || w.Ended || next(w) != r.number
	})
}

// holdOpen holds a request for all of a segment that is being made. What it gives back is as in holdPart.
func (s *Server) holdOpen(ctx *fasthttp.RequestCtx, c *channel, r *route) bool {
	return s.holdInPlace(ctx, c, r, func(*media.Window) bool {
		_, open := c.window.Segment(string(r.track), r.number)
		return open == nil
	})
}

// holdInPlace holds a request until ok, or for as long as it can be, in its own goroutine. It is true where the request is answered.
func (s *Server) holdInPlace(ctx *fasthttp.RequestCtx, c *channel, r *route, ok func(w *media.Window) bool) bool {
	if s.wait(c, s.holdFor(c.window.Snapshot()), ok) != waitClosing {
		return false
	}
	ctx.Response.SetConnectionClose()
	s.fail(ctx, r.kind, fasthttp.StatusServiceUnavailable, "the server is closing")
	return true
}

// next is the number of the row behind all that have begun.
func next(w *media.Window) uint64 {
	if n := len(w.Open); n > 0 {
		return w.Open[n-1].Number + 1
	}
	if n := w.Rows.Len(); n > 0 {
		return w.Rows.At(n-1).Number + 1
	}
	return 0
}
