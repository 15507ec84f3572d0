package bus

import (
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// tellAfter is how long a chunk waits for its turn before edges are told of it without the stream: much longer than an acknowledgement takes.
	tellAfter = 100 * time.Millisecond
	// maxTellAgain is the bytes that are told once more after a disturbance. Behind more than that the stream is as quick.
	maxTellAgain = 8 << 20
)

// untold is the first entry that nobody has been told of, neither by the stream's subject nor by that of the fast path, if it is to be told now; otherwise
// wait tells when to look again, where there is one.
func (q *queue) untold(now time.Time) (e *entry, wait time.Duration) {
	for q.told = max(q.told, q.base); q.told < q.base+uint64(len(q.entries)); q.told++ {
		e := &q.entries[q.told-q.base]
		if e.done || e.segment == nil || e.segment.lost {
			continue
		}
		if wait := tellAfter - now.Sub(e.queued); e.kind == chunkEntry && wait > 0 {
			return nil, wait
		}
		return e, 0
	}
	return nil, 0
}

// tellAgain makes what is not acknowledged be told once more: it may have been told while a connection was down.
func (q *queue) tellAgain() {
	if q.bytes <= maxTellAgain {
		q.told = q.base
	}
}

// tell publishes, for the fast path only, what cannot be sent to the stream yet: ends at once, chunks when they have waited. It tells when to call
// it again, 0 where there is no need to.
func (w *Writer) tell() time.Duration {
	if !w.bus.isFast() {
		return 0
	}
	for {
		w.mu.Lock()
		e, wait := w.queue.untold(time.Now())
		if e == nil {
			w.mu.Unlock()
			return wait
		}
		m := &nats.Msg{
			Subject: fastRoot + strings.TrimPrefix(e.subject, subjectRoot),
			Header:  nats.Header{headerName: {e.value}}, Data: e.data,
		}
		w.mu.Unlock()
		if err := w.bus.writeConn.PublishMsg(m); err != nil {
			return retryWait
		}
		w.mu.Lock()
		w.queue.told++
		w.mu.Unlock()
	}
}

// silence watches for acknowledgements that do not come.
type silence struct {
	since  time.Time // when something was acknowledged, or nothing awaited
	stored int64     // messages by then
	asking bool      // whether the stream is there again
	asked  int64     // messages that were stored when that began
}

// watch is called every probeEvery. In silence it sends the oldest message again and again: where there is a new leader it is stored, or known to be, and
// then all that the old one has not stored is sent again.
func (w *Writer) watch(s *silence, now time.Time) {
	w.mu.Lock()
	awaited := w.queue.awaits()
	moves := w.stats.StoredMessages != s.stored
	if !awaited || moves {
		s.since, s.stored = now, w.stats.StoredMessages
	}
	switch {
	case !awaited:
		s.asking = false
	case moves:
	case s.asking && s.stored != s.asked: // some have come
		if now.Sub(s.since) < ackTimeout {
			break
		}
		s.asking = false
		s.since = now
		w.mu.Unlock()
		w.again("acknowledgements come again")
		return
	case now.Sub(s.since) >= ackTimeout:
		if !s.asking {
			s.asking, s.asked = true, s.stored
			w.queue.tellAgain()
			w.log.Warn("bus: no acknowledgement in "+ackTimeout.String()+": the stream may have no leader", "messages", w.queue.len(), "bytes", w.queue.bytes)
		}
		w.mu.Unlock()
		w.probe()
		return
	}
	w.mu.Unlock()
}

// probe sends the oldest message again that is not acknowledged.
func (w *Writer) probe() {
	w.mu.Lock()
	e, token := w.queue.oldest()
	if e == nil {
		w.mu.Unlock()
		return
	}
	m, err := w.compose(e)
	if err != nil {
		w.mu.Unlock()
		return // sendAll has composed it before
	}
	e.attempts++
	w.stats.Resent++
	w.mu.Unlock()
	w.ask(m, token)
}
