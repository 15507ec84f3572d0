package bus

import (
	"time"

	"weir/internal/media"
)

// maxQueue bounds how many messages a writer keeps, beside the bytes: an end or a record has next to none.
const maxQueue = 1 << 16

// entryKind is what a message in the queue is.
type entryKind uint8

const (
	chunkEntry entryKind = iota
	endEntry
	recordEntry
	signalEntry
)

// entry is a message that is not acknowledged yet.
type entry struct {
	subject  string
	value    string // of our header; not of records
	data     []byte
	segment  *segment // chunks and ends only
	end      media.SegmentEnd
	queued   time.Time // chunks only
	kind     entryKind
	holds    bool // what comes after it waits until it is stored
	sent     bool // and neither acknowledged nor known to be lost
	done     bool // acknowledged, or given up
	attempts int
	// contested: another has stored something in its place, and then the lease was looked after.
	contested bool
}

type segmentKey struct {
	track  string
	number uint64
}

// segment is what a queue knows of one that is not ended and stored yet.
type segment struct {
	key  segmentKey
	lost bool // given up: its end will say that it is a gap
}

// queue holds a writer's messages in order, from when they are handed over until they are acknowledged. It is not safe for
// concurrent use.
type queue struct {
	entries  []entry
	base     uint64 // token of entries[0]; tokens rise by one
	next     int    // index of the first that is to be sent
	told     uint64 // token of the first that readers on the fast path have not been told of, or more
	holding  int    // sent, not done, and what comes after them waits
	bytes    int64  // of all that are not done
	inFlight int64  // bytes that are sent and not done
	refused  bool   // the server has refused one: all are to be sent again after a while
	segments map[segmentKey]*segment

	maxInFlight, maxBytes int64
	empty                 chan struct{} // closed when nothing is left; nil: nobody waits
}

func newQueue(maxInFlight, maxBytes int64) queue {
	return queue{segments: map[segmentKey]*segment{}, maxInFlight: maxInFlight, maxBytes: maxBytes}
}

func (q *queue) len() int { return len(q.entries) }

// segment is the record of that segment, made where it is missing.
func (q *queue) segment(k segmentKey) *segment {
	s := q.segments[k]
	if s == nil {
		s = &segment{key: k}
		q.segments[k] = s
	}
	return s
}

func (q *queue) push(e entry) {
	q.entries = append(q.entries, e)
	q.bytes += int64(len(e.data))
}

// sendable is the next entry and its token, if it may be sent now.
func (q *queue) sendable() (*entry, uint64, bool) {
	for q.next < len(q.entries) && (q.entries[q.next].done || q.entries[q.next].sent) {
		q.next++
	}
	if q.next == len(q.entries) || q.holding > 0 {
		return nil, 0, false
	}
	e := &q.entries[q.next]
	if e.kind == endEntry && q.next > 0 {
		return nil, 0, false // what is before it is not stored
	}
	if size := int64(len(e.data)); q.inFlight > 0 && q.inFlight+size > q.maxInFlight {
		return nil, 0, false
	}
	return e, q.base + uint64(q.next), true
}

// markSent counts an entry that sendable gave.
func (q *queue) markSent(e *entry) {
	e.sent = true
	e.attempts++
	q.inFlight += int64(len(e.data))
	if e.holds {
		q.holding++
	}
	q.next++
	q.told = max(q.told, q.base+uint64(q.next)) // who listens has got it too
}

// unsend takes markSent back, but for the attempt.
func (q *queue) unsend(e *entry) {
	if !e.sent {
		return
	}
	e.sent = false
	q.inFlight -= int64(len(e.data))
	if e.holds {
		q.holding--
	}
}

// at is the entry with that token, or nil.
func (q *queue) at(token uint64) *entry {
	if token < q.base || token-q.base >= uint64(len(q.entries)) {
		return nil
	}
	return &q.entries[token-q.base]
}

// finish takes an entry out: it is stored, or given up.
func (q *queue) finish(e *entry) {
	if e.done {
		return
	}
	q.unsend(e)
	e.done = true
	q.bytes -= int64(len(e.data))
	e.data = nil
	if e.kind == endEntry {
		delete(q.segments, e.segment.key)
	}
	n := 0
	for n < len(q.entries) && q.entries[n].done {
		q.entries[n] = entry{}
		n++
	}
	q.entries = q.entries[n:]
	q.base += uint64(n)
	q.next = max(0, q.next-n)
	if len(q.entries) == 0 {
		q.entries = nil
		if q.empty != nil {
			close(q.empty)
			q.empty = nil
		}
	}
}

// rewind makes everything that is not acknowledged to be sent again, in order.
func (q *queue) rewind() {
	for i := range q.entries {
		q.unsend(&q.entries[i])
	}
	q.next = 0
}

// giveUp discards the segment that the oldest chunk belongs to, and returns how many bytes that was. It returns nil where
// there is no chunk.
func (q *queue) giveUp() (*segment, int64) {
	for i := range q.entries {
		if e := &q.entries[i]; e.kind == chunkEntry && !e.done {
			s := e.segment
			return s, q.discard(s)
		}
	}
	return nil, 0
}

// discard drops all chunks of s that are not stored, and returns how many bytes that was.
func (q *queue) discard(s *segment) (bytes int64) {
	s.lost = true
	var tokens []uint64
	for i := range q.entries {
		if e := &q.entries[i]; e.kind == chunkEntry && !e.done && e.segment == s {
			tokens = append(tokens, q.base+uint64(i))
			bytes += int64(len(e.data))
		}
	}
	for _, token := range tokens {
		if e := q.at(token); e != nil { // an earlier one moves the others
			q.finish(e)
		}
	}
	return bytes
}

// oldest is the first that is sent and not acknowledged, with its token, or nil.
func (q *queue) oldest() (*entry, uint64) {
	for i := range q.next {
		if q.entries[i].sent {
			return &q.entries[i], q.base + uint64(i)
		}
	}
	return nil, 0
}

// awaits tells whether something is sent and not acknowledged.
func (q *queue) awaits() bool {
	e, _ := q.oldest()
	return e != nil
}

// whenEmpty is closed when nothing is left.
func (q *queue) whenEmpty() <-chan struct{} {
	if q.empty == nil {
		q.empty = make(chan struct{})
		if len(q.entries) == 0 {
			ch := q.empty
			q.empty = nil
			close(ch)
			return ch
		}
	}
	return q.empty
}
