package cmaf

import (
	"context"
	"sync"
	"time"

	"weir/ingest"
	"weir/internal/media"
)

// overtaken is how long a segment waits for what should have come before it where nothing tells that it is on its way: the header that opens
// the feed, or the segment before.
const overtaken = time.Second

// await notes a request of which nothing has come. It may be a header: ffmpeg's HLS output, for one, asks for the header's place when it
// begins, sends it together with the first segment, on another connection, and waits for no answer. came takes the note back, once.
func (h *Handler) await(channel string) (came func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.awaited[channel]++
	return sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.awaited[channel]--; h.awaited[channel] == 0 {
			delete(h.awaited, channel)
		}
	})
}

// early lets a segment wait for the feed that its header opens. It gives errNoHeader once that is not to be expected any more.
func (h *Handler) early(ctx context.Context, channel string, since time.Time) error {
	h.mu.Lock()
	expected := h.awaited[channel] > 0
	h.mu.Unlock()
	waited := time.Since(since)
	if waited > headerTime || !expected && waited > overtaken {
		return errNoHeader
	}
	again := time.NewTimer(tick)
	defer again.Stop()
	select {
	case <-again.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-h.closing:
		return ingest.ErrClosing
	}
}

// inTurn lets a segment that leaves a hole behind what has come of its track wait for the one that belongs there: with each on a connection
// of its own, the segments of a sender that waits for no answer overtake each other.
func (q *request) inTurn(src *source, moof []byte, at int64) error {
	again := time.NewTicker(tick)
	defer again.Stop()
	for since := time.Now(); q.session.lacks(src, moof, at) && time.Since(since) < overtaken; {
		select {
		case <-again.C:
		case <-q.session.quit:
			return q.session.ending()
		}
		if err := q.interrupted(); err != nil {
			return err
		}
	}
	return nil
}

// lacks tells whether there is a hole between what has come of a track and a fragment.
func (s *session) lacks(src *source, moof []byte, at int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if src.header == nil {
		return false
	}
	places, err := src.header.fragment(moof, at)
	if err != nil || len(places) == 0 {
		return false
	}
	t := src.tracks[places[0].track.id]
	if t == nil || !t.seen || t.fresh || t.format.Codec.Kind() == media.Text {
		return false
	}
	hole := media.Rescale(places[0].dts, places[0].track.scale, nanoscale) - t.reached
	return hole > media.Ticks(tick) && hole < media.Ticks(repeatWithin)
}
