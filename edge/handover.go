package edge

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"weir/internal/media"
)

// parker takes a connection over from fasthttp, whose buffers it gives back, and puts it into its channel's lot.
type parker struct {
	server  *Server
	channel *channel
	conn    *connection
	what    wish
	who     waiter
	seen    media.Version
}

// park implements fasthttp.HijackHandler. hijacked reads what fasthttp has read ahead, then the connection.
func (p parker) park(hijacked net.Conn) {
	ahead, err := readAhead(p.conn, hijacked)
	if err != nil {
		return // fasthttp closes it
	}
	p.who.conn = p.conn.detach(ahead)
	lot := &p.channel.lot
	if lot.park(p.what, p.who, p.seen) {
		return
	}
	// The channel, or the server, has ended since.
	out := p.server.compose(p.what.kind(), &p.who, func(ctx *fasthttp.RequestCtx, _ []byte) {
		ctx.Response.SetConnectionClose()
		lot.turnAway(ctx, p.what)
	})
	p.server.finish(p.who.conn, out.data, false)
}

// errProbed says that fasthttp has read nothing ahead.
var errProbed = errors.New("nothing was read ahead")

// readAhead is what a player has sent behind its request and fasthttp has read already.
func readAhead(conn *connection, hijacked io.Reader) ([]byte, error) {
	conn.probed = true
	defer func() { conn.probed = false }()
	n, err := hijacked.Read(conn.first[:])
	switch {
	case errors.Is(err, errProbed):
		return nil, nil
	case err != nil:
		return nil, err
	}
	ahead := append(make([]byte, 0, maxHeader), conn.first[:n]...)
	for len(ahead) < cap(ahead) {
		n, err = hijacked.Read(ahead[len(ahead):cap(ahead)])
		ahead = ahead[:len(ahead)+n]
		if err != nil {
			break
		}
	}
	return ahead, nil
}

// Read implements net.Conn: what was read ahead comes first.
func (c *connection) Read(p []byte) (int, error) {
	switch {
	case c.probed:
		return 0, errProbed
	case len(c.ahead) > 0:
		n := copy(p, c.ahead)
		if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
			c.ahead = nil
		}
		return n, nil
	}
	if err := c.toRead(); err != nil {
		return 0, err
	}
	if !c.begun || len(p) == 0 {
		return c.Conn.Read(p)
	}
	c.begun = false
	p[0] = c.first[0]
	if len(p) == 1 {
		return 1, nil
	}
	n, err := c.Conn.Read(p[1:])
	if n > 0 {
		err = nil
	}
	if err != nil {
		return 1, nil //nolint:nilerr // the next read will tell
	}
	return n + 1, nil
}

// await is until the player begins another request.
func (c *connection) await(longest time.Duration) error {
	if len(c.ahead) > 0 {
		return nil
	}
	if err := c.SetReadDeadline(time.Now().Add(longest)); err != nil {
		return err
	}
	if _, err := io.ReadFull(c.Conn, c.first[:]); err != nil {
		return err
	}
	c.begun = true
	return nil
}

// goOn serves what comes next on a connection whose request was answered, or closes it.
func (s *Server) goOn(conn *connection, goOn bool) {
	if !goOn {
		_ = conn.Close()
		return
	}
	s.wg.Go(func() { s.resume(conn) })
}

// resume hands a connection back to fasthttp when the player sends something.
func (s *Server) resume(conn *connection) {
	if err := conn.await(idleTimeout); err != nil {
		_ = conn.Close()
		return
	}
	select {
	case s.resumed <- conn:
	default:
		s.wg.Go(func() { s.serveResumed(conn) })
	}
}

// Goroutines that have served a connection wait for others, some of them and for a while: their stacks have grown already, which is a fifth of
// the work of a blocking reload.
const (
	maxIdleWorkers = 64
	idleWorker     = 10 * time.Second
)

// serveResumed serves one connection after the other that were handed back.
func (s *Server) serveResumed(conn *connection) {
	timer := time.NewTimer(idleWorker)
	defer timer.Stop()
	for {
		if err := s.http.ServeConn(conn); err != nil {
			s.log.Debug("http: serving a connection", "remote", conn.RemoteAddr(), "error", err)
		}
		if s.idle.Add(1) > maxIdleWorkers {
			s.idle.Add(-1)
			return
		}
		timer.Reset(idleWorker)
		select {
		case conn = <-s.resumed:
			s.idle.Add(-1)
			continue
		case <-timer.C:
		case <-s.ctx.Done():
		}
		s.idle.Add(-1)
		return
	}
}

// finish writes an answer as fast as the player takes it.
func (s *Server) finish(conn *connection, data []byte, goOn bool) {
	err := conn.SetWriteDeadline(time.Now().Add(s.conns.writeTimeout))
	if err == nil {
		_, err = conn.Write(data)
	}
	if err != nil || !goOn {
		_ = conn.Close()
		return
	}
	s.resume(conn)
}
