package origin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
)

// exchange is what went over the network for one request, beneath the library, which hides some of it.
type exchange struct {
	status int
	header http.Header
	err    error // of the network
	end    context.CancelFunc
}

type exchangeKey struct{}

// exchanging is a context whose request's exchange is kept. It ends with ctx.
func exchanging(ctx context.Context) (*exchange, context.Context) {
	x := &exchange{}
	ctx, x.end = context.WithCancel(ctx)
	return x, context.WithValue(ctx, exchangeKey{}, x)
}

// failed tells an answer from a failure of the network.
func (x *exchange) failed(err error) (*answer, error) {
	if x.err != nil {
		return nil, x.err
	}
	code := minio.ToErrorResponse(err).Code
	switch {
	case x.status >= http.StatusMultipleChoices:
	case errors.Is(err, context.Canceled):
		return nil, err
	default: // not asked at all, or the answer made no sense to the library
		return nil, failed(Unfit, fmt.Errorf("S3: %.200s", cmp.Or(code, err.Error())))
	}
	if strings.ContainsFunc(code, func(r rune) bool { return r <= ' ' || r > '~' }) {
		code = ""
	}
	return &answer{status: x.status, detail: code[:min(len(code), 64)], header: x.header, body: http.NoBody}, nil
}

// recorder keeps in a request's exchange how it went, and bounds what the library reads into memory.
type recorder struct{ next http.RoundTripper }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if x, ok := req.Context().Value(exchangeKey{}).(*exchange); ok {
		x.err, x.status = err, 0
		if err == nil {
			x.status, x.header = resp.StatusCode, resp.Header
		}
		if err != nil || x.status >= http.StatusInternalServerError || x.status == http.StatusTooManyRequests || x.status == http.StatusRequestTimeout {
			x.end() // or the library would wait for a while, as before a retry, which there is none of
		}
	}
	if err != nil {
		return nil, err
	}
	switch query := req.URL.Query(); {
	case resp.StatusCode >= http.StatusMultipleChoices:
		resp.Body = bound(resp.Body, maxTrouble)
	case query.Has("list-type"), query.Has("location"):
		resp.Body = bound(resp.Body, maxListPage)
	}
	return resp, nil
}

// bound ends a body early.
func bound(body io.ReadCloser, n int64) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(body, n), body}
}
