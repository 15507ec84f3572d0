package origin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many answers may name another address until one gives bytes.
const maxRedirects = 3

var errRedirect = errors.New("not followed")

// httpSite is a web server.
type httpSite struct {
	base   *url.URL // its path ends with a slash
	client *http.Client
}

// newHTTP is a site of files below u.
func newHTTP(cfg Config, u *url.URL, net network) backend {
	base := *u
	base.Fragment = ""
	base.Path, base.RawPath = strings.TrimSuffix(base.Path, "/")+"/", ""
	s := &httpSite{base: &base, client: &http.Client{Transport: net.transport(cfg.timeout()), CheckRedirect: follow}}
	return newRemote(s, cfg.timeout())
}

// follow bounds redirects. The query of an address may be a secret: it is not told to the next one.
func follow(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects: %w", maxRedirects, errRedirect)
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirect to %.10q: %w", req.URL.Scheme, errRedirect)
	}
	if req.URL.Scheme == "http" && via[0].URL.Scheme == "https" {
		return fmt.Errorf("redirect from https to http: %w", errRedirect)
	}
	req.Header.Del("Referer")
	return nil
}

func (s *httpSite) close() { s.client.CloseIdleConnections() }

func (s *httpSite) get(ctx context.Context, path string, header http.Header) (*answer, error) {
	u := *s.base
	u.Path += path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header = header
	req.Header.Set("User-Agent", "weir")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: resp.Body}, nil
}

// list cannot be had.
func (s *httpSite) list(context.Context, string, string, int) ([]Entry, error) {
	return nil, ErrUnlisted
}
