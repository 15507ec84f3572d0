package edge

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"syscall"
	"time"
)

// gatherFrom is the size in bytes from which on a body is sent together with its header: smaller ones fit the write buffer, which
// has 4 KiB, more or less.
const gatherFrom = 4 << 10

// gather is a body that leaves in one system call (writev) with what stands before it in the write buffer, its header, instead of
// in two with a copy of its beginning; or, without any copy, from a file that is memory. Each connection has one, used again for every answer.
type gather struct {
	conn *connection
	body []byte
	copy place // where body lies in such a file
}

// WriteTo implements io.WriterTo. fasthttp calls it with the connection's write buffer once the header is in it.
func (g *gather) WriteTo(w io.Writer) (int64, error) {
	buffer, ok := w.(*bufio.Writer)
	if !ok || buffer.Buffered() == 0 {
		n, err := w.Write(g.body)
		return int64(n), err
	}
	g.conn.behind, g.conn.copy = g.body, g.copy
	err := buffer.Flush()
	g.conn.behind, g.conn.copy = nil, place{}
	if err != nil {
		return 0, err
	}
	return int64(len(g.body)), nil
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

// Close implements io.Closer. fasthttp calls it when the body was sent, or will not be.
func (g *gather) Close() error {
	g.body = nil // an idle connection must keep no media
	g.copy.release()
	g.copy = place{}
	return nil
}

// Write implements net.Conn. What was put behind is written behind p, and counts as a part of p that is always written: an
// error is told for both.
func (c *connection) Write(p []byte) (int, error) {
	if err := c.toWrite(); err != nil {
		return 0, err
	}
	if c.behind == nil {
		return c.Conn.Write(p)
	}
	defer func() { c.times.at = time.Now() }() // it may have taken a while
	if c.copy.file != nil {
		return c.sendFile(p, c.copy, len(c.behind))
	}
	c.both = [2][]byte{p, c.behind}
	c.vector = net.Buffers(c.both[:])
	n, err := c.vector.WriteTo(c.Conn)
	c.both, c.vector = [2][]byte{}, nil
	return int(min(n, int64(len(p)))), err
}

// hot is where a copy of a segment lies that can be sent on the connection from a file; of from on.
func (c *connection) hot(h *hotSet, segment []byte, from int) place {
	if c.raw == nil {
		has, ok := c.Conn.(syscall.Conn)
		if !ok {
			return place{}
		}
		raw, err := has.SyscallConn()
		if err != nil {
			return place{}
		}
		c.raw = raw
	}
	p := h.find(segment)
	p.at += int64(from)
	return p
}
