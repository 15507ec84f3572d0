package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/nats-io/nats.go"

	"weir/internal/media"
)

const (
	// maxReadBack is the bytes of a segment that is read back: it is in memory as a whole, with the messages that it comes in.
	maxReadBack = 256 << 20
	// maxBatch is how many messages a segment may be in. No writer makes as many.
	maxBatch = 1 << 16
)

// Segment reads a segment back: the bytes of all its chunks, one behind the other, as its end tells of them. Errors: ErrNotFound where the stream
// does not have all of it, or not any more; ErrMalformed where it has others; that of ctx, and what the server says.
func (b *Bus) Segment(ctx context.Context, channel string, end media.SegmentEnd) ([]byte, error) {
	if err := checkChannel(channel); err != nil {
		return nil, err
	}
	if err := checkAddress(end.Track, end.Segment, 0); err != nil {
		return nil, err
	}
	if end.Chunks < 1 || end.Chunks > maxIndex+1 || end.Bytes < 1 || end.Bytes > maxReadBack {
		return nil, fmt.Errorf("%w: a segment of %d bytes in %d chunks is not read back", ErrMalformed, end.Bytes, end.Chunks)
	}
	if !b.enter() {
		return nil, fmt.Errorf("channel %s: read a segment back: %w", channel, ErrClosed)
	}
	defer b.wg.Done()
	ctx, cancel := context.WithTimeoutCause(ctx, 2*requestTimeout, errors.New("the server did not answer in time"))
	defer cancel()
	defer context.AfterFunc(b.ctx, cancel)()
	data, err := b.readBack(ctx, channel, &end)
	if errors.Is(err, ErrNotFound) && b.cfg.Replicas > 1 { // it may have been a replica that lags
		data, err = b.readBack(ctx, channel, &end)
	}
	if err != nil {
		return nil, fmt.Errorf("channel %s: segment %d of track %s: %w", channel, end.Segment, end.Track, err)
	}
	return data, nil
}

// readBack is one attempt: one request, but where chunks were split. It asks for as many messages as there are at least, its end among them: for more the
// server would look through all of the stream that is behind.
func (b *Bus) readBack(ctx context.Context, channel string, end *media.SegmentEnd) ([]byte, error) {
	r := gathered{chunks: make([][][]byte, end.Chunks), next: 1}
	for count, want := 0, end.Chunks+1; count < maxBatch; {
		got, err := b.batch(ctx, channel, end, &r, want)
		if err != nil {
			return nil, err
		}
		data, err := r.join(end)
		if count += got; err == nil || got < want || !errors.Is(err, ErrNotFound) {
			return data, err
		}
		want = min(2*want, maxBatch)
	}
	return nil, fmt.Errorf("%w: it is not in %d messages", ErrNotFound, maxBatch)
}

// batch takes in that many messages of a segment, or as many as there are.
func (b *Bus) batch(ctx context.Context, channel string, end *media.SegmentEnd, r *gathered, want int) (got int, err error) {
	query, err := json.Marshal(map[string]any{
		"seq": r.next, "next_by_subj": fmt.Sprintf("%s%s.%s.%d.>", subjectRoot, channel, end.Track, end.Segment), "batch": want,
	})
	if err != nil {
		return 0, err
	}
	inbox := b.readConn.NewInbox()
	sub, err := b.readConn.SubscribeSync(inbox)
	if err != nil {
		return 0, err
	}
	defer func() { _ = sub.Unsubscribe() }() // it goes with the connection too
	if err := sub.SetPendingLimits(maxBatch, 2*maxReadBack); err != nil {
		return 0, err
	}
	if err := b.readConn.PublishRequest("$JS.API.DIRECT.GET."+streamName(channel), inbox, query); err != nil {
		return 0, err
	}
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return got, err
		}
		if status := m.Header.Get("Status"); status == "204" || status == "404" { // the end of the batch; there is none any more
			return got, nil
		}
		if err := r.take(channel, end, m); err != nil {
			return got, err
		}
		got++
	}
}

// gathered is what has come of a segment.
type gathered struct {
	chunks [][][]byte // parts of chunks, by their places
	bytes  int64
	next   uint64 // sequence number behind the last
}

// take takes a message in. Those behind the segment's last chunk are of no interest: the end is one of them.
func (g *gathered) take(channel string, end *media.SegmentEnd, m *nats.Msg) error {
	s, err := readDirect(m)
	if err != nil {
		return err
	}
	g.next = s.Seq + 1
	msg, err := decodeMessage(channel, s.Subject, s.Header.Get(headerName), s.Data)
	if err != nil {
		return err
	}
	if msg.End || msg.address.Chunk >= end.Chunks {
		return nil
	}
	if msg.Track != end.Track || msg.Segment != end.Segment || msg.Run != end.Run {
		return fmt.Errorf("%w: a chunk of segment %d of run %d", ErrMalformed, msg.Segment, msg.Run)
	}
	parts, part := max(msg.Parts, 1), max(msg.Part, 0)
	at := &g.chunks[msg.address.Chunk]
	if *at == nil {
		*at = make([][]byte, parts)
	}
	g.bytes += int64(len(msg.Data))
	if len(*at) != parts || (*at)[part] != nil || g.bytes > end.Bytes {
		return fmt.Errorf("%w: part %d of chunk %d does not fit the others", ErrMalformed, part, msg.address.Chunk)
	}
	(*at)[part] = msg.Data
	return nil
}

// join is the segment, if all of it is there.
func (g *gathered) join(end *media.SegmentEnd) ([]byte, error) {
	data := make([]byte, 0, g.bytes)
	for i, chunk := range g.chunks {
		if chunk == nil {
			return nil, fmt.Errorf("%w: chunk %d", ErrNotFound, i)
		}
		for k, part := range chunk {
			if part == nil {
				return nil, fmt.Errorf("%w: part %d of chunk %d", ErrNotFound, k, i)
			}
			data = append(data, part...)
		}
	}
	if int64(len(data)) != end.Bytes || crc32.Checksum(data, castagnoli) != end.Checksum {
		return nil, fmt.Errorf("%w: %d bytes that are not the %d that its end tells of", ErrMalformed, len(data), end.Bytes)
	}
	return data, nil
}
