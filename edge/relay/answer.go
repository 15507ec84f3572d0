package relay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	allowed    = "GET, HEAD, OPTIONS"
	exposed    = "Age, Content-Length, Content-Range, Date, ETag, Retry-After, Server, Warning"
	askedFor   = "86400" // seconds that a browser may remember the answer to a preflight request
	clockStyle = "2006-01-02T15:04:05.000Z"
)

// ServeHTTP answers a player.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	w = &counted{ResponseWriter: w, of: s}
	h := w.Header()
	h.Set("Server", "weir")
	// That of the answer before is over. Where the connection has no deadlines there is none to miss.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	if r.URL.Path == "/time" || strings.HasPrefix(r.URL.Path, "/live/") || strings.HasPrefix(r.URL.Path, "/vod/") {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", exposed)
	}
	switch {
	case r.ContentLength != 0:
		h.Set("Connection", "close")
		fail(w, http.StatusRequestEntityTooLarge, "a request has no body here")
	case r.Method == http.MethodOptions:
		h.Set("Allow", allowed)
		h.Set("Access-Control-Allow-Methods", allowed)
		h.Set("Access-Control-Allow-Headers", "Accept, Content-Type, If-None-Match, If-Range, Range")
		h.Set("Access-Control-Max-Age", askedFor)
		w.WriteHeader(http.StatusNoContent)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", allowed)
		fail(w, http.StatusMethodNotAllowed, "only GET, HEAD and OPTIONS are answered")
	case strings.Contains(r.Header.Get("Via"), s.id):
		fail(w, http.StatusLoopDetected, "an upstream of this relay is the relay itself")
	case r.URL.Path == "/time":
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, s.clock().UTC().Format(clockStyle)) // who asked may be gone
	case strings.HasPrefix(r.URL.Path, "/live/"), strings.HasPrefix(r.URL.Path, "/vod/"):
		s.relay(w, r)
	case s.page != nil:
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		s.page.ServeHTTP(w, r)
	default:
		fail(w, http.StatusNotFound, "there is nothing under this path")
	}
}

// fail answers with an error: one line of text.
func fail(w http.ResponseWriter, status int, line string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Del("Etag")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, line+"\n") // who asked may be gone
}

// relay answers with what an upstream has.
func (s *Server) relay(w http.ResponseWriter, r *http.Request) {
	a, err := parse(r, s.cfg.Carry)
	switch {
	case errors.Is(err, errUnknown):
		fail(w, http.StatusNotFound, err.Error())
		return
	case err != nil:
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	o, err := s.board(&a)
	if err == nil {
		err = o.until(r.Context(), func() bool { return o.begun && !a.text && o.status == http.StatusOK }) // all else is sent whole
	}
	if err == nil {
		o.mu.Lock()
		err = o.err
		begun := o.begun && !a.text && o.status == http.StatusOK
		o.mu.Unlock()
		if begun { // what there is of it is sent
			err = nil
		}
	}
	switch {
	case errors.Is(err, errTooLarge):
		s.pass(w, r, &a)
	case err != nil:
		s.refuse(w, r, err)
	default:
		s.send(w, r, &a, o)
	}
}

// refuse says that no upstream has answered.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil && s.ctx.Err() == nil: // nobody is there to be told
	case errors.Is(err, errBusy), s.ctx.Err() != nil:
		fail(w, http.StatusServiceUnavailable, "too much is asked for at once; try again soon")
	default:
		s.failed.Add(1)
		s.cfg.Log.Debug("no upstream has answered", "path", r.URL.Path, "err", err)
		fail(w, http.StatusServiceUnavailable, "no upstream has this for the moment; try again soon")
	}
}

// send answers with an object: whole, a part of it, as it comes, or 304.
func (s *Server) send(w http.ResponseWriter, r *http.Request, a *ask, o *object) {
	h := w.Header()
	o.mu.Lock()
	size, data, zipped := o.size, o.data, o.header.Get("Content-Encoding") != ""
	for name, values := range o.header {
		h[name] = values
	}
	status, stale, at, ended := o.status, o.stale, o.at, o.ended
	o.mu.Unlock()
	if age := s.cfg.Now().Sub(at); ended && age >= time.Second {
		h.Set("Age", strconv.FormatInt(int64(age/time.Second), 10))
	}
	if stale {
		h.Set("Cache-Control", "no-store")
		h.Set("Warning", `110 weir "Response is Stale"`)
	}
	if a.text {
		h.Set("Vary", "Accept-Encoding")
		if zipped && (len(a.session) > 0 || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")) {
			data = o.plain
			h.Del("Content-Encoding")
			h.Set("Etag", strings.Replace(h.Get("Etag"), `-gzip"`, `"`, 1))
		}
		if len(a.session) > 0 {
			data = []byte(strings.NewReplacer(a.session...).Replace(string(data)))
			h.Del("Etag") // it is that of another text
		}
		size = int64(len(data))
	}
	switch {
	case status != http.StatusOK:
		h.Set("Content-Length", strconv.Itoa(len(data)))
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(data) // who asked may be gone
		}
	case a.text:
		for _, name := range []string{"Range", "If-Range", "If-Match", "If-Unmodified-Since"} {
			r.Header.Del(name)
		}
		h.Set("Content-Length", strconv.FormatInt(size, 10)) // ServeContent leaves it out of what is compressed
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	case size >= 0:
		http.ServeContent(w, r, "", time.Time{}, &reader{ctx: r.Context(), object: o, size: size})
	default:
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			s.follow(r.Context(), w, o)
		}
	}
}

// follow sends an object piece by piece as it comes in. Where it ends early the connection is cut off, so that no player takes what it has for all.
func (s *Server) follow(ctx context.Context, w http.ResponseWriter, o *object) {
	out := http.NewResponseController(w)
	for at := int64(0); ; {
		piece, err := o.more(ctx, at)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			_, err = w.Write(piece)
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		at += int64(len(piece))
	}
}

// pass passes a request on for one player: what it asks for is too large to be kept.
func (s *Server) pass(w http.ResponseWriter, r *http.Request, a *ask) {
	s.passing.Add(1)
	header := make(http.Header)
	for _, name := range []string{"Range", "If-Range", "If-None-Match"} {
		if v := r.Header.Get(name); v != "" {
			header.Set(name, v)
		}
	}
	asked := make(map[*upstream]bool)
	for u := s.choose(asked); u != nil; u = s.choose(asked) {
		asked[u] = true
		resp, err := s.request(r.Context(), u, a.path, header)
		if err != nil {
			continue
		}
		defer resp.Body.Close()
		if resp.StatusCode >= 500 {
			continue
		}
		for _, name := range append([]string{"Content-Length", "Content-Range", "Accept-Ranges"}, passed...) {
			if v := resp.Header.Get(name); v != "" {
				w.Header().Set(name, v)
			}
		}
		w.WriteHeader(resp.StatusCode)
		if r.Method == http.MethodHead {
			return
		}
		n, err := io.CopyBuffer(w, struct{ io.Reader }{resp.Body}, make([]byte, pieceSize))
		u.bytes.Add(uint64(n))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	s.refuse(w, r, errors.New("no upstream answers"))
}

// counted counts bytes of a body, and cuts off who does not take them.
type counted struct {
	http.ResponseWriter
	of *Server
}

// Write implements io.Writer.
func (c *counted) Write(b []byte) (int, error) {
	_ = http.NewResponseController(c.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := c.ResponseWriter.Write(b)
	c.of.sent.Add(uint64(n))
	return n, err
}

// Unwrap is for http.ResponseController.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
