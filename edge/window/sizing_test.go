package window

import (
	"runtime"
	"testing"
	"time"

	"weir/internal/sizing"
)

// TestSizingCoversTheHeap holds what windows are reckoned to take against what they do: never less, and not much more. It runs alone, for
// it measures the heap.
func TestSizingCoversTheHeap(t *testing.T) {
	for _, c := range []struct {
		name         string
		dvr          time.Duration
		chunks, size int
		most         float64 // times as much may be reckoned
	}{
		{"much index, no media", time.Hour, 10, 10, 1.6},
		{"no parts", time.Hour, 1, 10, 1.6},
		{"many parts", time.Hour, 20, 10, 1.6},
		{"sound", time.Hour, 10, 3300, 1.1},
		{"just over a page", 30 * time.Minute, 10, 4321, 1.1},
		{"5 Mb/s", 5 * time.Minute, 10, 62500, 1.05},
		{"as short as it goes", 12 * time.Second, 10, 1000, 1.6},
	} {
		before := heap()
		w, _ := newWindow(c.dvr)
		s := &source{chunks: c.chunks, size: c.size}
		s.runEvent().to(w)
		s.feed(w, 0, uint64(2*c.dvr/lasts)+20)
		takes := heap() - before
		runtime.KeepAlive(w)
		reckoned := sizing.Channel{
			Bitrate: int64(2*c.chunks*c.size*8) * int64(time.Second) / int64(lasts),
			DVR:     c.dvr, Segment: lasts, Chunk: lasts / time.Duration(c.chunks), Tracks: 2,
		}.Memory()
		t.Logf("%s: %d rows take %d bytes, %.3f of what is reckoned", c.name, w.Stats().Rows, takes, float64(takes)/float64(reckoned))
		const other = 64 << 10 // what else the process has come to hold meanwhile
		if takes > reckoned+other {
			t.Errorf("%s: takes %d bytes, %d are reckoned", c.name, takes, reckoned)
		}
		if float64(reckoned) > float64(takes)*c.most+other {
			t.Errorf("%s: %d bytes are reckoned, %d would do", c.name, reckoned, takes)
		}
	}
}

// TestSizingCoversTheLeast holds what a channel is reckoned to take at the least against a window that has no more in memory than it must.
func TestSizingCoversTheLeast(t *testing.T) {
	const chunks, size = 4, 10000
	before := heap()
	w, _ := newWindow(time.Hour / 2)
	w.Limit(1)
	s := &source{chunks: chunks, size: size}
	s.runEvent().to(w)
	s.feed(w, 0, uint64(time.Hour/2/lasts)+20)
	takes := heap() - before
	runtime.KeepAlive(w)
	reckoned := sizing.Channel{Bitrate: int64(2*chunks*size*8) * int64(time.Second) / int64(lasts), DVR: time.Hour / 2, Segment: lasts, Chunk: lasts / chunks, Tracks: 2}.Least()
	t.Logf("%d rows take %d bytes, %.3f of what is reckoned", w.Stats().Rows, takes, float64(takes)/float64(reckoned))
	if takes > reckoned || float64(takes)*1.6 < float64(reckoned) {
		t.Errorf("takes %d bytes, %d are reckoned", takes, reckoned)
	}
}

// heap is how many bytes are in use after a collection.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
