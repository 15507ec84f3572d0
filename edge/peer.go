package edge

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"weir/internal/shard"
)

// PeerAccess lets other edges read what this one owns, under /peer/. Nothing that they ask for is asked of a third.
type PeerAccess struct {
	Secret string // that they know; "": there is nothing under /peer/
	Owners Owners // who read segments of channels back from the bus for all; nil: there are none
	Assets Assets // whose segments come from where they lie, and not from other edges; nil: there are none
}

var peerPrefix = []byte(shard.Prefix + "/")

// fromPeer takes the path of a request apart that begins with /peer/; the route is unknown where it is not one of another edge.
func (s *Server) fromPeer(ctx *fasthttp.RequestCtx, path []byte) route {
	if !shard.Authorized(ctx.Request.Header.Peek("Authorization"), s.peer.Secret) {
		return route{kind: kindUnknown}
	}
	r := parse(path[len(shard.Prefix):])
	switch r.kind {
	case kindSegment, kindKeys:
		r.peer = true
		return r
	}
	return route{kind: kindUnknown}
}

// route takes the path of a request apart.
func (s *Server) route(ctx *fasthttp.RequestCtx) route {
	path := ctx.URI().PathOriginal()
	if bytes.HasPrefix(path, peerPrefix) {
		return s.fromPeer(ctx, path)
	}
	return parse(path)
}

// assetsFor is what a request is answered from.
func (s *Server) assetsFor(r *route) Assets {
	if r.peer {
		s.peered.Add(1)
		return s.peer.Assets
	}
	return s.vod.from
}
