package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// ErrNothing is what no check can be made of: the URL cannot be fetched, or is neither a playlist nor an MPD.
var ErrNothing = errors.New("nothing to check")

// Options say what to check, and by what means.
type Options struct {
	URL    string        // of a multivariant or media playlist, or of an MPD
	For    time.Duration // how long to follow it; default 60 s
	Schema string        // file of the DASH schema, validated against by xmllint; "": only the structure is looked at
	// Transport carries the requests; nil: one of its own, without proxies' caches.
	Transport http.RoundTripper
	Now       func() time.Time                           // nil: the system's clock
	Sleep     func(context.Context, time.Duration) error // nil: the system's clock
}

const defaultFor = time.Minute

// session is what all parts of one check share. It is safe for concurrent use.
type session struct {
	*ledger
	*fetcher
	stalls
	options Options
	until   time.Time // when following ends
}

// Run checks a URL. Its error wraps ErrNothing, or is that of ctx when it ended before anything was read; when ctx ends later,
// the report tells what was seen until then.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.For <= 0 {
		o.For = defaultFor
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DisableCompression, t.MaxIdleConnsPerHost = true, maxAtOnce
		defer t.CloseIdleConnections()
		o.Transport = t
	}
	if u, err := url.Parse(o.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: %q is not an http or https URL", ErrNothing, o.URL)
	}
	started := o.Now()
	s := &session{ledger: newLedger(o.Now), fetcher: newFetcher(o.Transport, o.Now), options: o, until: started.Add(o.For)}
	watched, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(watched, o.Now, o.Sleep) })
	defer watch.Wait()
	defer stop()
	first, err := s.get(ctx, ask{url: o.URL, header: zippedToo()})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	if first.status != http.StatusOK {
		return nil, fmt.Errorf("%w: %s answers %d", ErrNothing, o.URL, first.status)
	}
	format := ""
	switch {
	case bytes.HasPrefix(bytes.TrimPrefix(first.body, []byte("\xef\xbb\xbf")), []byte("#EXTM3U")):
		format = "HLS"
		s.checkHLS(ctx, first)
	case bytes.Contains(first.body[:min(len(first.body), 4096)], []byte("<MPD")):
		format = "DASH"
		s.checkDASH(ctx, first)
	default:
		return nil, fmt.Errorf("%w: %s is neither an HLS playlist nor an MPD", ErrNothing, o.URL)
	}
	return &Report{
		URL: o.URL, Format: format, Started: started.UTC(), Took: o.Now().Sub(started),
		Requests: int(s.requests.Load()), Bytes: s.bytes.Load(), Findings: s.findings(),
	}, nil
}

// sleep waits on the system's clock.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait sleeps; it is false when ctx has ended.
func (s *session) wait(ctx context.Context, d time.Duration) bool {
	return s.options.Sleep(ctx, max(d, 0)) == nil
}

// over tells that following has ended.
func (s *session) over(ctx context.Context) bool {
	return ctx.Err() != nil || !s.options.Now().Before(s.until)
}

func zippedToo() map[string]string { return map[string]string{"Accept-Encoding": "gzip"} }

// mime is the media type of an answer, without parameters, in lower case.
func (a *answer) mime() string {
	m, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(m))
}
