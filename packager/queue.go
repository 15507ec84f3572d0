package packager

// queue holds samples in decoding order.
type queue struct {
	items []timed
	head  int
	bytes int
}

func (q *queue) len() int { return len(q.items) - q.head }

// at is the i-th sample, or nil.
func (q *queue) at(i int) *timed {
	if i += q.head; i < len(q.items) {
		return &q.items[i]
	}
	return nil
}

func (q *queue) push(s timed) {
	if q.head > 64 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, s)
	q.bytes += len(s.data)
}

// pop takes the first sample; there must be one.
func (q *queue) pop() timed {
	s := q.items[q.head]
	q.items[q.head] = timed{}
	q.head++
	q.bytes -= len(s.data)
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return s
}

// unpush takes the last sample away again; there must be one.
func (q *queue) unpush() {
	last := len(q.items) - 1
	q.bytes -= len(q.items[last].data)
	q.items[last] = timed{}
	q.items = q.items[:last]
}

func (q *queue) clear() {
	clear(q.items)
	q.items, q.head, q.bytes = q.items[:0], 0, 0
}
