package relay

import (
	"container/list"
	"sync"
)

// cache is objects that are whole, within a bound. What was asked for the longest ago goes first.
type cache struct {
	limit int64

	mu    sync.Mutex
	by    map[string]*list.Element // of *object
	order list.List                // the newest first
	size  int64
}

func (c *cache) init(limit int64) { c.limit, c.by = limit, make(map[string]*list.Element) }

// get is the object of that path, or nil.
func (c *cache) get(path string) *object {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.by[path]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*object)
}

// put keeps an object in the place of an older one.
func (c *cache) put(o *object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.by[o.path]; e != nil {
		c.remove(e)
	}
	if o.weight() > c.limit {
		return
	}
	c.by[o.path] = c.order.PushFront(o)
	c.size += o.weight()
	c.fit()
}

func (c *cache) fit() {
	for c.size > c.limit {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(e *list.Element) {
	o := c.order.Remove(e).(*object)
	delete(c.by, o.path)
	c.size -= o.weight()
}

// held is how many objects and bytes there are.
func (c *cache) held() (objects int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.by), c.size
}
