package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// headSize is how much of a file is read when it is opened: that tells its size and state, proves that the server does ranges, and often
// enough is all that is needed of it first.
const headSize = 64 << 10

// fetcher makes requests to one site.
type fetcher interface {
	// get asks for a file with the fields of header. An answer of any status is none of its errors, which are those of the network.
	get(ctx context.Context, path string, header http.Header) (*answer, error)
	list(ctx context.Context, folder, after string, limit int) ([]Entry, error)
	close()
}

// answer is what a server said.
type answer struct {
	status int
	detail string // in the server's words, "" without any
	header http.Header
	body   io.ReadCloser
}

// remote is a site that is asked by GET requests with ranges.
type remote struct {
	fetcher
	timeout time.Duration
}

func newRemote(f fetcher, timeout time.Duration) *remote { return &remote{f, timeout} }

// open reads the head of a file.
func (r *remote) open(ctx context.Context, path string) (handle, error) {
	w := watching(ctx, r.timeout)
	h := http.Header{}
	h.Set("Range", fmt.Sprintf("bytes=0-%d", headSize-1))
	a, err := r.get(w.ctx, path, h)
	if err != nil {
		defer w.end()
		return nil, w.network(err)
	}
	f := &remoteFile{site: r, path: path}
	s := &stretch{watch: w, body: a.body}
	defer func() { _ = s.Close() }()
	if s.left, err = f.found(a); err != nil {
		return nil, err
	}
	if err := s.begin(); err != nil {
		return nil, err
	}
	f.head = make([]byte, s.left)
	if _, err := io.ReadFull(s, f.head); err != nil {
		return nil, err
	}
	return f, nil
}

// network is the fault of a request that no answer came to.
func (w *watch) network(err error) error {
	if reasonOf(err) != "" {
		return err
	}
	if errors.Is(err, errRedirect) {
		return failed(Unfit, address(err))
	}
	var n net.Error
	if errors.As(err, &n) && n.Timeout() {
		return w.fault(Timeout, Timeout, address(err))
	}
	return w.fault(Connect, Timeout, address(err))
}

// address takes the address that was asked out of an error, as there may be secrets in it.
func address(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// read begins to read a stretch of a file.
func (f *remoteFile) read(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	w := watching(ctx, f.site.timeout)
	a, err := f.site.get(w.ctx, f.path, f.conditions(offset, length))
	if err != nil {
		defer w.end()
		return nil, w.network(err)
	}
	s := &stretch{watch: w, body: a.body, left: length}
	err = f.check(a, offset, length)
	if err == nil {
		err = s.begin()
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}
