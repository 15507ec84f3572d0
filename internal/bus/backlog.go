package bus

import "fmt"

// makeRoom gives segments up, the oldest first, until size more bytes may be kept. w.mu is held.
//
// A segment is given up whole: players must not be sent one with a hole in it. Its end is sent as a gap, so that its row
// becomes complete and numbers go on.
func (w *Writer) makeRoom(size int64) error {
	if w.queue.len() >= maxQueue {
		w.fail()
		return fmt.Errorf("channel %s: %d messages wait for the bus: %w", w.channel, w.queue.len(), ErrLost)
	}
	for w.queue.bytes > 0 && w.queue.bytes+size > w.queue.maxBytes {
		s, bytes := w.queue.giveUp()
		if s == nil {
			return nil
		}
		w.countDropped(s, bytes, "the bus does not keep up")
	}
	return nil
}

// drop gives one segment up. w.mu is held.
func (w *Writer) drop(s *segment) {
	w.countDropped(s, w.queue.discard(s), "another writer has used its number")
}

func (w *Writer) countDropped(s *segment, bytes int64, why string) {
	w.stats.DroppedSegments++
	w.stats.DroppedBytes += bytes
	w.log.Error("bus: segment was given up", "track", s.key.track, "segment", s.key.number, "bytes", bytes, "reason", why)
}
