package main

import (
	"context"
	"runtime/debug"
	"time"

	"weir/edge"
	"weir/internal/catalog"
)

const (
	gcHeadroom = 64 << 20 // bytes that may be garbage before a collection, however small the windows are
	gcLeast    = 8        // percent of headroom that large windows get: media has no pointers, a collection costs little
	gcMost     = 100
)

// gcPercent is the garbage collector's percentage that keeps resident memory near what the windows hold, in bytes.
func gcPercent(held int64) int {
	if held < gcHeadroom {
		return gcMost
	}
	return max(gcLeast, int(gcHeadroom*100/held))
}

// followMemory sets the garbage collector by the size of the windows until ctx ends.
func followMemory(ctx context.Context, held func() int64) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	last := gcMost
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if percent := gcPercent(held()); percent != last {
				debug.SetGCPercent(percent)
				last = percent
			}
		}
	}
}

// heldBytes is how much media all windows hold.
func heldBytes(channels *catalog.Catalog, players *edge.Server) int64 {
	held := int64(0)
	for _, ch := range channels.Channels() {
		if st, ok := players.Status(ch.ID); ok {
			held += st.Bytes
		}
	}
	return held
}
