package http

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weir/ingest"
	"weir/ingest/mpegts"
)

// errIdle is a sender that stays connected and sends nothing.
var errIdle = errors.New("nothing received")

// openTimeout is how long it may take to admit a feed.
const openTimeout = 10 * time.Second

// streams takes transport streams: a request is a feed.
type streams struct {
	Config
	ctx context.Context // ends all feeds
}

func (s *streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/ts/"), "/")
	switch {
	case parts[0] == "" || len(parts) > 2 || len(parts) == 2 && parts[1] == "":
		http.Error(w, "send a transport stream to /ts/CHANNEL or /ts/CHANNEL/RENDITION", http.StatusNotFound)
		return
	case r.Method != http.MethodPost && r.Method != http.MethodPut:
		w.Header().Set("Allow", "POST, PUT")
		http.Error(w, "send a transport stream by POST or PUT", http.StatusMethodNotAllowed)
		return
	}
	program, err := strconv.ParseUint(cmp.Or(r.URL.Query().Get("program"), "0"), 10, 16)
	if err != nil {
		http.Error(w, "program must be a number from 1 to 65535", http.StatusBadRequest)
		return
	}
	p := ingest.Publish{Channel: parts[0], Input: r.URL.Query().Get("input"), Key: Key(r), Protocol: "http", Remote: r.RemoteAddr}
	if len(parts) == 2 {
		p.Rendition = parts[1]
	}
	taken, err := s.publish(w, r, p, uint16(program))
	if err == nil {
		_, _ = fmt.Fprintf(w, "the feed has ended: %d bytes\n", taken)
		return
	}
	status, words := answer(p.Channel, err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	// What is left of the body is not read: the sender may go on for ever.
	w.Header().Set("Connection", "close")
	http.Error(w, words, status)
}

// publish takes a feed in until it ends, by whosever wish.
func (s *streams) publish(w http.ResponseWriter, r *http.Request, p ingest.Publish, program uint16) (taken int64, err error) {
	if s.ctx.Err() != nil {
		return 0, ingest.ErrClosing
	}
	opening, cancel := context.WithTimeout(r.Context(), openTimeout)
	feed, err := s.Ingest.Open(opening, p)
	cancel()
	if err != nil {
		return 0, err
	}
	defer func() {
		if p := recover(); p != nil {
			feed.Close(fmt.Errorf("%w: panic on the connection", ingest.ErrInternal))
			panic(p)
		}
		feed.Close(err)
	}()
	b := &body{Reader: r.Body, control: http.NewResponseController(w), idle: s.IdleTimeout}
	// One goroutine waits for the server's wish to end it, and wakes the reader.
	gone := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-gone:
			return
		case <-feed.Done():
		case <-s.ctx.Done():
		}
		b.interrupt()
	})
	err = mpegts.Copy(feed, b, mpegts.Config{Program: program, Log: s.Log.With("channel", p.Channel), Now: s.Now})
	close(gone)
	watcher.Wait()
	select {
	case <-feed.Done():
		return b.taken, feed.Err()
	default:
	}
	if s.ctx.Err() != nil {
		return b.taken, ingest.ErrClosing
	}
	return b.taken, err
}

// body is a request's body whose reads end after a time, or when they are interrupted.
type body struct {
	io.Reader
	control     *http.ResponseController
	idle        time.Duration
	interrupted atomic.Bool
	taken       int64
}

func (b *body) Read(p []byte) (int, error) {
	// The watcher may have interrupted before: only a deadline that is set first and checked after cannot undo that.
	if err := b.control.SetReadDeadline(time.Now().Add(b.idle)); err != nil {
		return 0, err
	}
	if b.interrupted.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := b.Reader.Read(p)
	b.taken += int64(n)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && !b.interrupted.Load():
		err = fmt.Errorf("%w for %s", errIdle, b.idle)
	case err != nil && !errors.Is(err, io.EOF):
		err = fmt.Errorf("connection lost: %w", err)
	}
	return n, err
}

// interrupt makes a read that waits, and every later one, fail.
func (b *body) interrupt() {
	b.interrupted.Store(true)
	_ = b.control.SetReadDeadline(time.Unix(1, 0))
}
