package bus

import (
	"context"
	"errors"
	"time"

	"weir/internal/media"
)

const (
	pruneTimeout = 30 * time.Second
	pruneRetry   = 250 * time.Millisecond // while the stream is empty
)

// prune removes, in the background, runs that ended before the stream's oldest message, and init segments that no run needs
// any more. The newest init segment of each track stays, so that versions go on rising. While one pruning is under way another
// is left to a later run: it reads all runs that there are, and a feed may begin new ones faster. While the stream is empty it waits: media of runs
// before this one may be on its way.
func (w *Writer) prune(current media.Run) {
	if !w.pruning.CompareAndSwap(false, true) {
		return
	}
	newest := map[string]uint32{}
	for track, in := range w.inits {
		newest[track] = in.Version
	}
	ctx, cancel := context.WithTimeout(w.bus.ctx, pruneTimeout)
	stop := context.AfterFunc(w.ctx, cancel)
	w.wg.Go(func() {
		defer w.pruning.Store(false)
		defer cancel()
		defer stop()
		err := w.bus.prune(ctx, w.channel, current, newest)
		for errors.Is(err, ErrNotFound) && pause(ctx, pruneRetry) {
			err = w.bus.prune(ctx, w.channel, current, newest)
		}
		if err != nil && ctx.Err() == nil {
			w.log.Warn("bus: old runs were not removed", "error", err)
		}
	})
}

// prune is one attempt. ErrNotFound: the stream is empty, so that it cannot be told which runs are needed.
func (b *Bus) prune(ctx context.Context, channel string, current media.Run, newest map[string]uint32) error {
	m, err := b.first(ctx, streamName(channel))
	if err != nil {
		return err
	}
	first, err := decodeMessage(channel, m.Subject, m.Header.Get(headerName), m.Data)
	if err != nil {
		return err
	}
	oldest := min(current.ID, first.Run)
	keys, err := b.recordKeys(ctx, channel+".run.*")
	if err != nil {
		return err
	}
	needed := map[string]bool{} // keys of init segments
	for track, version := range newest {
		needed[initKey(channel, track, version)] = true
	}
	for _, t := range current.Tracks {
		needed[initKey(channel, t.Name, t.Init)] = true
	}
	for _, k := range keys {
		id, ok := parseRunKey(channel, k)
		if !ok || id < oldest {
			if err := b.purgeRecords(ctx, k); err != nil {
				return err
			}
			continue
		}
		var run media.Run
		if err := b.jsonRecord(ctx, k, &run); err != nil && !errors.Is(err, ErrNotFound) {
			return err // keep the init segments that it may need
		}
		for _, t := range run.Tracks {
			needed[initKey(channel, t.Name, t.Init)] = true
		}
	}
	return b.pruneInits(ctx, channel, newest, needed)
}

func (b *Bus) pruneInits(ctx context.Context, channel string, newest map[string]uint32, needed map[string]bool) error {
	keys, err := b.recordKeys(ctx, channel+".init.>")
	if err != nil {
		return err
	}
	for _, k := range keys {
		track, version, ok := parseInitKey(channel, k)
		if needed[k] || (ok && version >= newest[track]) { // or one that has been put meanwhile
			continue
		}
		if err := b.purgeRecords(ctx, k); err != nil {
			return err
		}
	}
	return nil
}
