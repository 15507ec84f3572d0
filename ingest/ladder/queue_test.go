package ladder

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"weir/internal/media"
)

// taken are the times of what is in the queue.
func (q *queue) times() (at []int64) {
	for _, p := range q.pictures {
		at = append(at, p.pts/1e5)
	}
	return at
}

// What a child is too slow for is dropped in whole GOPs: what is left begins with a key frame, and no picture lacks those before it.
func TestQueueDropsWholeGOPs(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for i := range int64(22) { // ten a second, a key frame every 0.8 s
		q.put(picture{pts: i * 1e5, sync: i%8 == 0, data: make([]byte, 10)})
	}
	assert.Equal(t, []int64{16, 17, 18, 19, 20, 21}, q.times())
	assert.Equal(t, 60, q.bytes)
	gops, frames := q.dropped()
	assert.Equal(t, []uint64{2, 16}, []uint64{gops, frames})

	q = newQueue()
	for i := range int64(30) { // one GOP is longer than all that may wait
		q.put(picture{pts: i * 1e5, sync: i == 0 || i == 28})
	}
	assert.Equal(t, []int64{28, 29}, q.times())
	gops, frames = q.dropped()
	assert.Equal(t, []uint64{2, 28}, []uint64{gops, frames})
	q.close()
	q.put(picture{pts: 1})
	p, ok := q.next(nil)
	assert.True(t, ok && p.sync)
	_, _ = q.next(nil)
	_, ok = q.next(nil)
	assert.False(t, ok)
}

// FuzzOutput reads whatever a child may write.
func FuzzOutput(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x08moof\x00\x00\x00\x08mdat"))
	f.Add([]byte("\x00\x00\x00\x68moof\x00\x00\x00\x10mfhd\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x50traf" +
		"\x00\x00\x00\x1ctfhd\x00\x02\x00\x38\x00\x00\x00\x01\x00\x00\x00\x28\x00\x00\x00\x02\x02\x00\x00\x00" +
		"\x00\x00\x00\x14tfdt\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05" +
		"\x00\x00\x00\x18trun\x00\x00\x08\x01\x00\x00\x00\x01\x00\x00\x00\x70\x00\x00\x00\x03\x00\x00\x00\x0amdatab"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = readOutput(bytes.NewReader(b), func(media.Format) error { return nil }, func(made) error { return nil })
	})
}
