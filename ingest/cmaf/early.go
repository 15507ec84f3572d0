package cmaf

import (
	"context"
	"sync"
	"time"

	"weir/ingest"
)

// overtaken is how long a segment of a channel without a feed waits for its header where nothing tells that one is on its way.
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
