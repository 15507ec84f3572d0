package edge

import (
	"errors"
	"io"
	"sync"

	"github.com/valyala/fasthttp"

	"weir/internal/clip"
)

// storedBuffer is how much of a file is read and sent at a time.
const storedBuffer = 256 << 10

var storedBuffers = sync.Pool{New: func() any { return new([storedBuffer]byte) }}

// stored is a body that lies in a file. Its asset stays open until it is closed.
type stored struct {
	io.Reader
	asset *clip.Asset
}

// WriteTo implements io.WriterTo.
func (b *stored) WriteTo(w io.Writer) (int64, error) {
	buf, ok := storedBuffers.Get().(*[storedBuffer]byte)
	if !ok {
		return 0, errors.New("no buffer")
	}
	defer storedBuffers.Put(buf)
	written := int64(0)
	for {
		n, err := io.ReadFull(b.Reader, buf[:])
		if n > 0 {
			k, failed := w.Write(buf[:n])
			if written += int64(k); failed != nil {
				return written, failed
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return written, nil
		case err != nil:
			return written, err
		}
	}
}

// SupportsBodyWriteTo implements fasthttp.BodyWriterTo.
func (b *stored) SupportsBodyWriteTo() bool { return true }

// Close implements io.Closer. fasthttp calls it when the body was sent, or cannot be.
func (b *stored) Close() error {
	if b.asset != nil {
		b.asset.Release()
		b.asset = nil
	}
	return nil
}

// serveStored sends a segment of an asset from its file; false: it did nothing, there is no such segment. It releases the asset.
func (s *Server) serveStored(ctx *fasthttp.RequestCtx, a *clip.Asset, r *route) bool {
	seg, file, ok := a.Segment(string(r.track), r.number)
	if !ok {
		return false
	}
	var buf [64]byte
	etag := appendSegmentTag(buf[:0], r.number, seg.Checksum, seg.Bytes)
	h := &ctx.Response.Header
	h.SetBytesV("Etag", etag)
	setCacheControl(h, year, true)
	if matchesNone(ctx.Request.Header.Peek("If-None-Match"), etag) {
		a.Release()
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		s.counts.add(kindSegment, fasthttp.StatusNotModified, 0)
		return true
	}
	size := int(seg.Bytes)
	from, to, status := 0, size, fasthttp.StatusOK
	if field := ctx.Request.Header.Peek("Range"); len(field) > 0 && ctx.IsGet() && rangeStands(ctx.Request.Header.Peek("If-Range"), etag) {
		var sp span
		switch from, to, sp = parseRange(field, size); sp {
		case spanNone:
			a.Release()
			setContentRange(h, -1, -1, size)
			s.fail(ctx, kindSegment, fasthttp.StatusRequestedRangeNotSatisfiable, "the range begins behind the end")
			return true
		case spanPart:
			setContentRange(h, from, to-1, size)
			status = fasthttp.StatusPartialContent
		}
	}
	h.Set("Accept-Ranges", "bytes")
	h.SetContentType(storedType(a, r.track))
	ctx.SetStatusCode(status)
	ctx.Response.SetBodyStream(&stored{Reader: io.NewSectionReader(file, int64(from), int64(to-from)), asset: a}, to-from)
	sent := to - from
	if ctx.IsHead() {
		sent = 0
	}
	s.counts.add(kindSegment, status, sent)
	return true
}
