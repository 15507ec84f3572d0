package edge

import (
	"bufio"
	"bytes"
	"io"
	"net"
)

// gatherFrom is the size in bytes from which on a body is sent together with its header: smaller ones fit the write buffer, which
// has 4 KiB, more or less.
const gatherFrom = 4 << 10

// gather is a body that leaves in one system call (writev) with what stands before it in the write buffer, its header, instead of
// in two with a copy of its beginning. Each connection has one, used again for every answer.
type gather struct {
	conn *connection
	body []byte
}

// WriteTo implements io.WriterTo. fasthttp calls it with the connection's write buffer once the header is in it.
func (g *gather) WriteTo(w io.Writer) (int64, error) {
	body := g.body
	g.body = nil // an idle connection must keep no media
	buffer, ok := w.(*bufio.Writer)
	if !ok || buffer.Buffered() == 0 {
		n, err := w.Write(body)
		return int64(n), err
	}
	g.conn.behind = body
	if err := buffer.Flush(); err != nil {
		g.conn.behind = nil
		return 0, err
	}
	return int64(len(body)), nil
}

// SupportsBodyWriteTo implements fasthttp.BodyWriterTo.
func (g *gather) SupportsBodyWriteTo() bool { return true }

// Read implements io.Reader, which fasthttp wants of a body though it uses WriteTo.
func (g *gather) Read(p []byte) (int, error) {
	r := bytes.NewReader(g.body)
	n, err := r.Read(p)
	g.body = g.body[n:]
	return n, err
}

// Write implements net.Conn. What was put behind is written behind p, and counts as a part of p that is always written: an
// error is told for both.
func (c *connection) Write(p []byte) (int, error) {
	if c.behind == nil {
		return c.Conn.Write(p)
	}
	c.both = [2][]byte{p, c.behind}
	c.behind = nil
	c.vector = net.Buffers(c.both[:])
	n, err := c.vector.WriteTo(c.Conn)
	c.both, c.vector = [2][]byte{}, nil
	return int(min(n, int64(len(p)))), err
}
