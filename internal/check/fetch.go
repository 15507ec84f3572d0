package check

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Bounds of what is fetched.
const (
	maxManifest  = 16 << 20
	maxMedia     = 64 << 20
	maxRequests  = 50_000
	maxAtOnce    = 24
	maxRedirects = 5
	patience     = 15 * time.Second // for an answer that does not wait for media
	userAgent    = "weir-check"
	origin       = "https://weir-check.invalid" // of a page that asks across origins
)

var (
	errTooMany  = errors.New("too many requests")
	errTooLarge = errors.New("the answer is too large")
)

// fetcher asks a server, within bounds. It is safe for concurrent use.
type fetcher struct {
	client   *http.Client
	now      func() time.Time
	places   chan struct{} // requests under way
	requests atomic.Int64
	bytes    atomic.Int64
}

func newFetcher(rt http.RoundTripper, now func() time.Time) *fetcher {
	return &fetcher{
		client: &http.Client{Transport: rt, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return nil
		}},
		now:    now,
		places: make(chan struct{}, maxAtOnce),
	}
}

// ask is a request.
type ask struct {
	method string // "": GET
	url    string
	header map[string]string
	limit  int           // bytes of the body, as sent
	within time.Duration // 0: patience
	waits  bool          // it may take long: it does not count as one of those that go on at once
	stream func(at time.Time, n int)
}

// answer is what came.
type answer struct {
	url    string // after redirects
	status int
	header http.Header
	body   []byte // without gzip
	zipped bool
	sent   time.Time // when it was asked
	first  time.Time // when the first byte of the body came; that of the header where there is none
	done   time.Time
}

// get asks and reads the whole answer. An error means that no whole answer came; a status is none.
func (f *fetcher) get(ctx context.Context, a ask) (*answer, error) {
	if f.requests.Add(1) > maxRequests {
		return nil, fmt.Errorf("GET %s: %w", a.url, errTooMany)
	}
	if !a.waits {
		select {
		case f.places <- struct{}{}:
			defer func() { <-f.places }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	within := a.within
	if within == 0 {
		within = patience
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	method := a.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, a.url, nil)
	if err != nil {
		return nil, err
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return nil, fmt.Errorf("%s %s: only http and https are asked", method, a.url)
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Origin", origin)
	req.Header.Set("Accept-Encoding", "identity")
	for k, v := range a.header {
		req.Header.Set(k, v)
	}
	out := &answer{url: a.url, sent: f.now()}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out.status, out.header, out.first = resp.StatusCode, resp.Header, f.now()
	if resp.Request != nil && resp.Request.URL != nil {
		out.url = resp.Request.URL.String()
	}
	if err := f.body(out, resp, &a); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, a.url, err)
	}
	out.done = f.now()
	return out, nil
}

// body reads the body, and unpacks it.
func (f *fetcher) body(out *answer, resp *http.Response, a *ask) error {
	limit := a.limit
	if limit == 0 {
		limit = maxManifest
	}
	var buf bytes.Buffer
	chunk := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(chunk)
		if n > 0 {
			now := f.now()
			if buf.Len() == 0 {
				out.first = now
			}
			if buf.Write(chunk[:n]); buf.Len() > limit {
				return fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
			}
			f.bytes.Add(int64(n))
			if a.stream != nil {
				a.stream(now, n)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	out.body = buf.Bytes()
	if resp.Header.Get("Content-Encoding") != "gzip" || len(out.body) == 0 {
		return nil
	}
	z, err := gzip.NewReader(&buf)
	if err != nil {
		return fmt.Errorf("its gzip: %w", err)
	}
	defer z.Close()
	plain, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	if err != nil {
		return fmt.Errorf("its gzip: %w", err)
	}
	if len(plain) > limit {
		return fmt.Errorf("%w: more than %d bytes in its gzip", errTooLarge, limit)
	}
	out.body, out.zipped = plain, true
	return nil
}

// resolve is ref as seen from base; "" where it is no URL.
func resolve(base, ref string) string {
	b, err := url.Parse(base)
	if err != nil {
		return ""
	}
	u, err := b.Parse(ref)
	if err != nil {
		return ""
	}
	return u.String()
}

// withQuery is a URL with more parameters, given as name=value.
func withQuery(raw string, more ...string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	for _, m := range more {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += m
	}
	return u.String()
}
