package pull

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"weir/ingest"
	"weir/ingest/mpegts"
	"weir/ingest/source"
	"weir/internal/catalog"
)

const (
	connectTimeout = 10 * time.Second
	answerTimeout  = 15 * time.Second
	// ahead is how far a server may send before its stream's time: one that has a file sends it as fast as it can.
	ahead = 5 * time.Second
)

var (
	errIdle = errors.New("nothing received")
	// errOver is a stream that its server has ended.
	errOver = errors.New("the server has ended the stream")
)

// http fetches a stream from a server, once.
func (cfg Config) http(ctx context.Context, j source.Job) (err error) {
	from, err := catalog.ParsePull(j.URL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout: connectTimeout, ResponseHeaderTimeout: answerTimeout, DisableKeepAlives: true, DisableCompression: true,
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.URL, nil)
	if err != nil {
		return plain(err)
	}
	req.Header.Set("User-Agent", "weir")
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return plain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", resp.Status)
	}
	feed, err := j.Open(ctx, "http", catalog.HideSource(j.URL), nil)
	if err != nil {
		return err
	}
	defer func() { feed.Close(err) }()
	idle := time.AfterFunc(cfg.IdleTimeout, func() { cancel(fmt.Errorf("%w for %s", errIdle, cfg.IdleTimeout)) })
	defer idle.Stop()
	// One goroutine waits for the server's wish to end it, and wakes the reader.
	gone := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-gone:
		case <-feed.Done():
			cancel(ingest.ErrEnded)
		}
	})
	defer func() { close(gone); watcher.Wait() }()
	p := &pace{now: cfg.Now, wait: cfg.Wait, lead: ahead}
	body := readerFunc(func(b []byte) (int, error) {
		idle.Reset(cfg.IdleTimeout)
		defer idle.Stop() // waiting for the time of what came is not idle
		return resp.Body.Read(b)
	})
	err = mpegts.Copy(feed, body, mpegts.Config{
		Program: from.Program, Log: j.Log, Now: cfg.Now,
		PCR: func(pcr int64) error { return p.at(ctx, pcr) },
	})
	if cause := context.Cause(ctx); cause != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = cause
	}
	if err == nil {
		err = errOver
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return over(feed, err)
}

// over is why a feed is over that ended with err: by the server, or by itself.
func over(feed ingest.Feed, err error) error {
	select {
	case <-feed.Done():
		if feed.Err() != nil {
			return feed.Err()
		}
	default:
	}
	return err
}

// plain is an error of a request without its URL, which may have secrets.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
