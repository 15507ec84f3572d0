package edge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/singleflight"

	"weir/internal/isobmff"
	"weir/internal/media"
	"weir/internal/shard"
)

// Media of windows that is not in memory is read back from the bus when it is asked for, once for all who ask at a time, and kept for a while.
const (
	readbackShare   = 16 // of Config.Memory that is kept of it
	readbackLeast   = 8 << 20
	readbackMost    = 256 << 20
	readbackAtATime = 32
	readbackTimeout = 10 * time.Second

	boxHeader = 8 // bytes, of all boxes of segments
)

// errReadBack says that too much is being read back.
var errReadBack = errors.New("too much is being read back from the bus")

// readback is what is read back.
type readback struct {
	ctx    context.Context // of the server
	read   func(ctx context.Context, channel string, end media.SegmentEnd) ([]byte, error)
	peers  PeerAccess
	kept   *otter.Cache[segmentKey, []byte]
	flying singleflight.Group
	turns  chan struct{}
}

// segmentKey names the media of a segment.
type segmentKey struct {
	channel, track string
	number         uint64
	checksum       uint32
}

func (b *readback) init(ctx context.Context, cfg Config) {
	b.ctx, b.read, b.peers, b.turns = ctx, cfg.Segment, cfg.Peer, make(chan struct{}, readbackAtATime)
	b.kept = otter.Must(&otter.Options[segmentKey, []byte]{
		MaximumWeight: uint64(min(max(cfg.Memory/readbackShare, readbackLeast), readbackMost)),
		Weigher:       func(_ segmentKey, data []byte) uint32 { return uint32(min(len(data), 1<<32-1)) },
		Executor:      func(fn func()) { fn() }, // no goroutines
	})
}

// ReadBack is how many bytes of media are kept that were read back from the bus.
func (s *Server) ReadBack() int64 { return s.readback.bytes() }

// bytes is how much is kept.
func (b *readback) bytes() int64 { return int64(b.kept.WeightedSize()) }

// media is that of a closed segment which is not at hand: from the edge that owns it, but where own, else from the bus.
func (b *readback) media(ctx context.Context, channel string, seg *media.Segment, own bool) ([]byte, error) {
	k := segmentKey{channel, seg.Track, seg.Segment, seg.Checksum}
	if data, ok := b.kept.GetIfPresent(k); ok {
		return data, nil
	}
	flight := b.flying.DoChan(fmt.Sprint(k, own), func() (any, error) {
		if data, ok := b.kept.GetIfPresent(k); ok { // it has come since
			return data, nil
		}
		var data []byte
		err := shard.ErrOwn
		if !own {
			data, err = b.peers.lent(b.ctx, channel, seg)
		}
		if err != nil {
			data, err = b.once(channel, seg)
		}
		if err == nil {
			b.kept.Set(k, data)
		}
		return data, err
	})
	select {
	case r := <-flight:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.([]byte), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// once reads it, without keeping it.
func (b *readback) once(channel string, seg *media.Segment) ([]byte, error) {
	if b.read == nil {
		return nil, errors.New("there is nothing that it could be read back from")
	}
	ctx, cancel := context.WithTimeoutCause(b.ctx, readbackTimeout, errReadBack)
	defer cancel()
	select {
	case b.turns <- struct{}{}:
		defer func() { <-b.turns }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return b.read(ctx, channel, seg.SegmentEnd)
}

// bytesOf is the media of a closed segment, which is read back where it is not at hand; nil: the request has been answered.
func (s *Server) bytesOf(ctx *fasthttp.RequestCtx, c *channel, seg *media.Segment, k kind) []byte {
	if seg.Data != nil {
		return seg.Data
	}
	data, err := s.readback.media(c.ctx, c.id, seg, ofPeer(ctx))
	if err == nil {
		return data
	}
	s.log.Warn("a segment cannot be read back from the bus", "channel", c.id, "track", seg.Track, "segment", seg.Segment, "error", err)
	s.fail(ctx, k, fasthttp.StatusServiceUnavailable, "this is not in memory, and cannot be read back from the bus now")
	return nil
}

// Media is that of a segment of a channel's window: from memory, else read back. It implements clip.Source.
func (s *Server) Media(ctx context.Context, channel string, seg *media.Segment) ([]byte, error) {
	if seg.Data != nil || seg.Gap() {
		return seg.Data, nil
	}
	return s.readback.media(ctx, channel, seg, false)
}

// chunkOf is one chunk of a whole segment: up to and with a media data box, from behind the one before; nil: it has no such chunk.
func chunkOf(segment []byte, index int) []byte {
	from, at := 0, 0
	for name, body := range isobmff.Boxes(segment) {
		if at += boxHeader + len(body); name != "mdat" {
			continue
		}
		if index == 0 {
			return segment[from:at:at]
		}
		from = at
		index--
	}
	return nil
}
