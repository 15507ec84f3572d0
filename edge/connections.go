package edge

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// connections knows the open ones, so that Shutdown can cut off who does not come to an end.
type connections struct {
	writeTimeout time.Duration // for an answer

	mu   sync.Mutex
	open map[*connection]struct{}
}

// connection is a player's.
type connection struct {
	net.Conn
	of *connections

	// What follows belongs to the goroutine that serves the connection.
	body   gather
	times  deadlines
	behind []byte // to be written behind the next write
	copy   place  // where it lies in a file as well
	sender *fileSender
	both   [2][]byte
	vector net.Buffers // of both

	// These are for connections that are handed over: see handover.go.
	raw      syscall.RawConn
	ahead    []byte  // was read already, and comes before anything else
	first    [1]byte // likewise, if begun
	begun    bool
	probed   bool // reading tells only that nothing was read ahead
	detached bool // another has taken its place
}

// detach makes another connection of c, which can be closed without an effect from then on.
func (c *connection) detach(ahead []byte) *connection {
	n := &connection{Conn: c.Conn, of: c.of, raw: c.raw, ahead: ahead}
	n.body.conn = n
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	delete(c.of.open, c)
	c.of.open[n] = struct{}{}
	c.detached = true
	return n
}

// count is how many are open.
func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// listener hands out connections that are known.
type listener struct {
	net.Listener
	of    *connections
	close func() error
}

func (c *connections) listen(ln net.Listener) net.Listener {
	return &listener{ln, c, sync.OnceValue(ln.Close)}
}

// Close implements net.Listener. It may be called again.
func (l *listener) Close() error { return l.close() }

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, of: l.of}
	c.body.conn = c
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.of.open == nil {
		l.of.open = make(map[*connection]struct{})
	}
	l.of.open[c] = struct{}{}
	return c, nil
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	detached := c.detached
	c.of.mu.Unlock()
	if detached {
		return nil
	}
	return c.Conn.Close()
}

// closeAll cuts off all that are open.
func (c *connections) closeAll() {
	c.mu.Lock()
	var left []*connection
	for conn := range c.open {
		left = append(left, conn)
	}
	c.mu.Unlock()
	for _, conn := range left {
		_ = conn.Close()
	}
}
