package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"weir/edge/window"
)

// Why following a segment ends before the segment is whole. The connection is then cut off, so that no player takes what it has for all.
var (
	errGivenUp = errors.New("the segment was given up")
	errStalled = errors.New("no chunk has come for too long")
	errClosing = errors.New("the server is closing")
)

// leastStall is how long a follower waits for a chunk at least, three target durations where that is longer.
const leastStall = 5 * time.Second

// follower is the body of an answer with a segment that is being made: it gives chunk by chunk as they come. It runs in the
// connection's own goroutine.
type follower struct {
	ctx    context.Context // of the server
	conn   net.Conn
	window *window.Window
	open   *window.Open
	stall  time.Duration
	sent   int    // chunks
	rest   []byte // of a chunk, for Read
	counts *counters
}

// follow answers with a segment that is being made, in chunked transfer (rule 30 of conformance.md).
func (s *Server) follow(ctx *fasthttp.RequestCtx, c *channel, r *route, open *window.Open) {
	h := &ctx.Response.Header
	h.SetContentType(mimeOf(c, r.track))
	setCacheControl(h, mediaMaxAge(c), true)
	s.counts.add(kindSegment, fasthttp.StatusOK, 0)
	if ctx.IsHead() {
		// The length is not known yet. fasthttp would end a chunked body that is not there with an empty line, which the player
		// would take for the beginning of the next answer.
		return
	}
	ctx.Response.SetBodyStream(&follower{
		ctx: s.ctx, conn: ctx.Conn(), window: c.window, open: open,
		stall: max(leastStall, 3*c.window.Snapshot().Target), counts: &s.counts,
	}, -1)
}

// next is the next chunk, io.EOF after the last one of a segment that is whole, else why there will be none.
func (f *follower) next() ([]byte, error) {
	var timeout <-chan time.Time
	for {
		changed := f.window.Changed()
		p := f.open.Progress()
		switch {
		case f.sent < len(p.Chunks):
			f.sent++
			return p.Chunks[f.sent-1], nil
		case p.GivenUp || p.Segment != nil && p.Segment.Data == nil:
			return nil, errGivenUp
		case p.Segment != nil:
			return nil, io.EOF
		}
		if timeout == nil {
			timer := time.NewTimer(f.stall)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-changed:
		case <-f.ctx.Done():
			return nil, errClosing
		case <-timeout:
			return nil, errStalled
		}
	}
}

// WriteTo implements io.WriterTo: one write a chunk, which becomes one chunk of the transfer and is flushed.
func (f *follower) WriteTo(w io.Writer) (n int64, err error) {
	for {
		chunk, err := f.next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if err := f.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return n, err
		}
		k, err := w.Write(chunk)
		n += int64(k)
		f.counts.sent(kindSegment, k)
		if err != nil {
			return n, err
		}
	}
}

// SupportsBodyWriteTo implements fasthttp.BodyWriterTo.
func (f *follower) SupportsBodyWriteTo() bool { return true }

// Read implements io.Reader, which fasthttp wants of a body though it uses WriteTo.
func (f *follower) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		chunk, err := f.next()
		if err != nil {
			return 0, err
		}
		f.rest = chunk
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	f.counts.sent(kindSegment, n)
	return n, nil
}
