package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzip"
)

// How long upstreams have.
const (
	textTimeout = 5 * time.Second  // to begin with a text
	heldTimeout = 30 * time.Second // likewise, where it may wait until there is something
	stall       = 15 * time.Second // for each further piece
	pieceSize   = 64 << 10         // bytes
)

var (
	errBusy  = errors.New("too much is being asked for at once")
	errOther = errors.New("another upstream has other bytes under the same path")
)

// request asks an upstream.
func (s *Server) request(ctx context.Context, u *upstream, path string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url+path, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Via", "1.1 "+s.id)
	u.requests.Add(1)
	resp, err := s.http.Do(req)
	if err != nil {
		u.failures.Add(1)
	}
	return resp, err
}

// fly fills an object from the first upstream that can, and keeps it. old is what was kept before, or nil.
func (s *Server) fly(ctx context.Context, o, old *object, a *ask) {
	err := s.fill(ctx, o, old, a)
	if err != nil && old != nil && !a.held && s.cfg.Now().Sub(old.at) <= s.staleFor(a) && !errors.Is(err, errBusy) {
		s.stale.Add(1)
		o.become(old)
		o.change(func() { o.keep, o.stale = false, true })
		err = nil
	}
	s.held.Add(-o.counted)
	o.end(err)
	s.land(o)
}

// fill asks one upstream after the other. Whoever has begun to read the object gets the rest of it from the next.
func (s *Server) fill(ctx context.Context, o, old *object, a *ask) error {
	asked := make(map[*upstream]bool, len(s.upstreams))
	var last error
	for try := 0; try <= len(s.upstreams) && ctx.Err() == nil; try++ {
		u := s.choose(asked)
		if u == nil { // a connection may have been closed just when it was taken: once more
			u = s.choose(nil)
		}
		again, err := s.read(ctx, u, o, old, a, s.another(asked, u))
		if err == nil {
			return nil
		}
		if last == nil || !errors.Is(err, errMissing) {
			last = fmt.Errorf("upstream %s: %w", u.url, err)
		}
		asked[u] = true
		if !again {
			break
		}
	}
	if last == nil {
		last = ctx.Err()
	}
	return last
}

var errMissing = errors.New("it is not there")

// read fills an object from one upstream. more tells that there are others: then this one need not be the one that says that something is not there.
// again is false where others need not be asked.
func (s *Server) read(ctx context.Context, u *upstream, o, old *object, a *ask, more bool) (again bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	_, down := u.up()
	timeout := textTimeout
	if a.held {
		timeout = heldTimeout
	}
	timer := time.AfterFunc(timeout, func() { cancel(context.DeadlineExceeded) })
	defer timer.Stop()
	ended := make(chan struct{})
	defer close(ended)
	if up, _ := u.up(); up {
		go func() { // it ends with read
			select {
			case <-down:
				cancel(errDown)
			case <-ended:
			}
		}()
	}
	header := make(http.Header)
	if a.text {
		header.Set("Accept-Encoding", "gzip")
	}
	if old != nil && old.header.Get("Etag") != "" {
		header.Set("If-None-Match", old.header.Get("Etag"))
	}
	began := s.cfg.Now()
	resp, err := s.request(ctx, u, a.path, header)
	if err != nil {
		return true, reason(ctx, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && old != nil && !o.begun:
		renew(o, old, resp, began)
		return true, nil
	case resp.StatusCode >= 500:
		u.failures.Add(1)
		return true, fmt.Errorf("status %d", resp.StatusCode)
	case resp.StatusCode != http.StatusOK && o.begun:
		return true, fmt.Errorf("status %d for what another had begun", resp.StatusCode)
	case resp.StatusCode == http.StatusNotFound && more:
		return true, errMissing
	case resp.StatusCode == http.StatusPartialContent:
		return true, errors.New("a part, and nobody has asked for one")
	}
	if resp.ContentLength > s.largest {
		return false, errTooLarge
	}
	if !o.begun {
		o.begin(began, resp.StatusCode, resp.Header, resp.ContentLength)
	}
	return s.take(ctx, u, o, resp.Body, timer)
}

// take takes a body in. What is there of the object already has to be the same.
func (s *Server) take(ctx context.Context, u *upstream, o *object, body io.Reader, timer *time.Timer) (again bool, err error) {
	have := o.data // nobody else writes it
	buf := make([]byte, pieceSize)
	for {
		timer.Reset(stall)
		n, err := body.Read(buf)
		u.bytes.Add(uint64(n))
		piece := buf[:n]
		if k := min(len(have), n); k > 0 {
			if !bytes.Equal(have[:k], piece[:k]) {
				return false, errOther
			}
			have, piece = have[k:], piece[k:]
		}
		if len(piece) > 0 {
			if s.held.Add(int64(len(piece))) > s.room || len(o.data)+len(piece) > maxObject {
				s.held.Add(-int64(len(piece)))
				return false, errBusy
			}
			o.counted += int64(len(piece))
			o.grow(piece)
		}
		switch {
		case errors.Is(err, io.EOF) && len(have) > 0:
			return true, errOther
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			u.failures.Add(1)
			return true, reason(ctx, err)
		}
	}
}

// renew makes an object of the older one, which upstream says has not changed.
func renew(o, old *object, resp *http.Response, began time.Time) {
	header := old.header.Clone()
	if v := resp.Header.Get("Cache-Control"); v != "" {
		header.Set("Cache-Control", v)
	}
	o.become(old)
	o.begin(began, old.status, header, old.size)
}

// reason is why a request has ended, where that was its context.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		return cause
	}
	return err
}

func gunzip(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("text in gzip: %w", err)
	}
	all, err := io.ReadAll(io.LimitReader(z, maxObject+1))
	if err != nil {
		return nil, fmt.Errorf("text in gzip: %w", err)
	}
	if len(all) > maxObject {
		return nil, fmt.Errorf("text in gzip: more than %d bytes", maxObject)
	}
	return all, nil
}
