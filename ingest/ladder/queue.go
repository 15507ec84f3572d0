package ladder

import "sync"

// Bounds of what waits for a child. What waits for longer would come too late for the segments that the feed's own pictures are in.
const (
	maxQueued = 2_000_000 // µs from the oldest picture to the newest
	maxBytes  = 16 << 20
)

// picture is a sample for the child.
type picture struct {
	pts  int64 // µs on the child's clock
	sync bool
	data []byte
}

// queue is what waits for a child. It never makes anybody wait who puts something in: what there is too much of is dropped, whole GOPs.
type queue struct {
	mu       sync.Mutex
	pictures []picture
	bytes    int
	skips    bool // until the next key frame
	closed   bool
	gops     uint64 // dropped, or cut short
	frames   uint64
	wake     chan struct{} // holds a token while there may be something
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// put adds a picture, or drops it. It gives back how many pictures were dropped.
func (q *queue) put(p picture) (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0
	}
	if q.skips && !p.sync {
		q.frames++
		return 1
	}
	if n := len(q.pictures); n > 0 && (p.pts-q.pictures[0].pts > maxQueued || q.bytes+len(p.data) > maxBytes) {
		key := n // the newest key frame
		for key--; key > 0 && !q.pictures[key].sync; key-- {
		}
		if p.sync {
			key = n
		}
		if key == 0 { // all of it is one GOP, which is cut short here
			q.gops++
			q.frames++
			q.skips = true
			return 1
		}
		q.drop(key)
		dropped = key
	}
	q.skips = false
	q.pictures = append(q.pictures, p)
	q.bytes += len(p.data)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return dropped
}

// drop takes the first n pictures away. They end where a key frame follows.
func (q *queue) drop(n int) {
	q.gops++
	for i, p := range q.pictures[:n] {
		q.bytes -= len(p.data)
		q.frames++
		if p.sync && i > 0 {
			q.gops++
		}
		q.pictures[i] = picture{}
	}
	q.pictures = q.pictures[n:]
}

// next takes the oldest picture out, and waits for it; false: there will be none, or stop was closed.
func (q *queue) next(stop <-chan struct{}) (picture, bool) {
	for {
		q.mu.Lock()
		if len(q.pictures) > 0 {
			p := q.pictures[0]
			q.pictures[0] = picture{}
			if q.pictures = q.pictures[1:]; len(q.pictures) == 0 {
				q.pictures = nil
			}
			q.bytes -= len(p.data)
			q.mu.Unlock()
			return p, true
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return picture{}, false
		}
		select {
		case <-q.wake:
		case <-stop:
			return picture{}, false
		}
	}
}

// close lets nothing more in. What is there can be taken out.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.wake)
	}
}

func (q *queue) dropped() (gops, frames uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.gops, q.frames
}
