package library

import (
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
)

// key names a segment in memory.
type key struct {
	title  uint64 // its generation: one that was opened anew after a change of its files has another
	track  string
	number uint64
	keys   bool // the segment of its key frames
}

// freshShare is the part of the memory that holds what was read last, whatever is known of it.
const freshShare = 4 // a quarter

// cache keeps segments in memory. What was read last is kept for a while in any case: it may have been read ahead, or beside another track,
// for somebody who will ask in a moment. What is asked for again goes on to the larger part, whose entries are those that are asked for
// most often (W-TinyLFU). What is pinned, the beginnings of titles, stays.
type cache struct {
	often *otter.Cache[key, []byte]

	mu     sync.Mutex
	fresh  map[key][]byte
	order  []key // of fresh, oldest first
	size   int64 // of fresh
	limit  int64 // of fresh
	pinned map[key][]byte
	pins   int64 // bytes of them

	hits, misses atomic.Uint64
}

// overhead is what an entry costs beside its bytes, roughly.
const overhead = 256

func weigh(data []byte) int64 { return int64(len(data)) + overhead }

// newCache is a cache of that many bytes, without what is pinned.
func newCache(limit int64) *cache {
	c := &cache{fresh: make(map[key][]byte), pinned: make(map[key][]byte), limit: limit / freshShare}
	c.often = otter.Must(&otter.Options[key, []byte]{
		MaximumWeight: uint64(max(limit-c.limit, 1)),
		Weigher:       func(_ key, data []byte) uint32 { return uint32(min(weigh(data), 1<<32-1)) },
		Executor:      func(fn func()) { fn() }, // no goroutines
	})
	return c
}

// resize changes how many bytes it may have.
func (c *cache) resize(limit int64) {
	c.often.SetMaximum(uint64(max(limit-limit/freshShare, 1)))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = limit / freshShare
	c.trim()
}

// largest is how large a segment may be to be kept.
func (c *cache) largest() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limit - overhead
}

// get is a segment, nil where it is not there. It counts.
func (c *cache) get(k key) []byte {
	data := c.find(k)
	if data == nil {
		c.misses.Add(1)
	} else {
		c.hits.Add(1)
	}
	return data
}

// find is get without counting.
func (c *cache) find(k key) []byte {
	if data, ok := c.often.GetIfPresent(k); ok {
		return data
	}
	c.mu.Lock()
	data, pinned := c.pinned[k]
	if !pinned {
		data = c.fresh[k]
	}
	c.mu.Unlock()
	if data != nil && !pinned {
		c.often.Set(k, data) // each time makes it known better
	}
	return data
}

// has tells whether a segment is there, without making it known better.
func (c *cache) has(k key) bool {
	if _, ok := c.often.GetEntryQuietly(k); ok {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fresh[k] != nil || c.pinned[k] != nil
}

// put keeps what was just read.
func (c *cache) put(k key, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh[k] != nil || c.pinned[k] != nil || weigh(data) > c.limit {
		return
	}
	c.fresh[k] = data
	c.order = append(c.order, k)
	c.size += weigh(data)
	c.trim()
}

// trim drops the oldest of what is fresh until it fits. c.mu is held.
func (c *cache) trim() {
	n := 0
	for ; n < len(c.order) && c.size > c.limit; n++ {
		k := c.order[n]
		c.size -= weigh(c.fresh[k])
		delete(c.fresh, k)
	}
	c.order = c.order[n:]
	if cap(c.order) > 1024 && len(c.order) < cap(c.order)/4 {
		c.order = append(make([]key, 0, 2*len(c.order)), c.order...)
	}
}

// pin keeps a segment until its title is dropped.
func (c *cache) pin(k key, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pinned[k] == nil {
		c.pinned[k] = data
		c.pins += weigh(data)
	}
}

// unpin lets go of what is pinned of a title. It may stay in memory for being asked for.
func (c *cache) unpin(title uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, data := range c.pinned {
		if k.title == title {
			delete(c.pinned, k)
			c.pins -= weigh(data)
		}
	}
}

// pinnedBytes is how many bytes are pinned.
func (c *cache) pinnedBytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pins
}

// bytes is how much memory it takes.
func (c *cache) bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(c.often.WeightedSize()) + c.size + c.pins
}
