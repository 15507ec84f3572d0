package edge

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/valyala/fasthttp"

	"weir/internal/media"
	"weir/internal/shard"
)

// Owners are other edges, each of which reads some segments back for all; *shard.Peers is one.
type Owners interface {
	// Others tells whether the objects of that key are another's.
	Others(key string) bool
	// Ask begins to read an object from its owner: the first byte is there.
	Ask(ctx context.Context, o shard.Object) (io.ReadCloser, error)
}

// ownedRows is how many rows one after the other have the same owner.
const ownedRows = 8

// ownerOf is what decides who owns a segment.
func ownerOf(channel string, seg *media.Segment) string {
	return "live\x00" + channel + "\x00" + strconv.FormatUint(seg.Segment/ownedRows, 10)
}

// lent is the media of a closed segment from the edge that owns it; an error where it is to be read back from the bus.
func (a PeerAccess) lent(ctx context.Context, channel string, seg *media.Segment) ([]byte, error) {
	key := ownerOf(channel, seg)
	if a.Owners == nil || !a.Owners.Others(key) {
		return nil, shard.ErrOwn
	}
	number := strconv.FormatUint(seg.Segment, 10)
	from, err := a.Owners.Ask(ctx, shard.Object{
		Key: key, Path: "/live/" + channel + "/" + seg.Track + "/" + number + ".m4s", Size: seg.Bytes,
		Tag: number + "-" + strconv.FormatUint(uint64(seg.Checksum), 16) + "-" + strconv.FormatInt(seg.Bytes, 10),
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = from.Close() }() // it was only read
	data := make([]byte, seg.Bytes)
	if _, err := io.ReadFull(from, data); err != nil {
		return nil, err
	}
	if sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)); sum != seg.Checksum {
		return nil, fmt.Errorf("segment %s of track %s from its owner: checksum %x, not %x", number, seg.Track, sum, seg.Checksum)
	}
	return data, nil
}

// ofPeer tells whether another edge asks.
func ofPeer(ctx *fasthttp.RequestCtx) bool {
	return bytes.HasPrefix(ctx.URI().PathOriginal(), peerPrefix)
}
