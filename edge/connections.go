package edge

import (
	"net"
	"sync"
)

// connections knows the open ones, so that Shutdown can cut off who does not come to an end.
type connections struct {
	mu   sync.Mutex
	open map[*connection]struct{}
}

// connection is a player's.
type connection struct {
	net.Conn
	of *connections

	// What follows belongs to the goroutine that serves the connection.
	body   gather
	behind []byte // to be written behind the next write
	both   [2][]byte
	vector net.Buffers // of both
}

// listener hands out connections that are known.
type listener struct {
	net.Listener
	of *connections
}

func (c *connections) listen(ln net.Listener) net.Listener { return &listener{ln, c} }

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
	c.of.mu.Unlock()
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
