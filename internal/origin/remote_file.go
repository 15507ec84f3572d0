package origin

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// remoteFile is a file of a server, pinned by size and ETag, or by Last-Modified where there is no strong ETag (RFC 9110, 8.8).
type remoteFile struct {
	site     *remote
	path     string
	length   int64
	etag     string // as it came
	modified string // as it came

	mu   sync.Mutex
	head []byte // its first bytes, until something behind them is read
}

func (f *remoteFile) size() int64 { return f.length }
func (f *remoteFile) close()      {}

func (f *remoteFile) tag() string {
	return fmt.Sprintf("%d-%s-%s", f.length, f.etag, f.modified)
}

// strong tells whether the ETag names the very bytes.
func (f *remoteFile) strong() bool { return strings.HasPrefix(f.etag, `"`) }

// kept gives bytes of the head, which is let go of once something behind it is wanted.
func (f *remoteFile) kept(offset, length int64) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if offset+length <= int64(len(f.head)) {
		return f.head[offset : offset+length], true
	}
	if offset >= int64(len(f.head)) {
		f.head = nil
	}
	return nil, false
}

// conditions are the fields of a request for a stretch of this state of the file.
func (f *remoteFile) conditions(offset, length int64) http.Header {
	h := http.Header{}
	h.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, offset+length-1))
	if f.strong() {
		h.Set("If-Match", f.etag)
	} else {
		h.Set("If-Unmodified-Since", f.modified)
	}
	return h
}

// found takes the size and state of a file from the first answer about it, and tells how long that is.
func (f *remoteFile) found(a *answer) (length int64, err error) {
	switch a.status {
	case http.StatusOK:
		// It may be all of a small file. Without a length that cannot be told.
		n, err := strconv.ParseInt(a.header.Get("Content-Length"), 10, 64)
		if err != nil || n < 0 || n > headSize {
			return 0, noRanges()
		}
		f.length = n
	case http.StatusPartialContent:
		first, last, total, ok := contentRange(a.header)
		if !ok || total < 0 {
			return 0, failed(Unfit, errors.New("its answer to a request for a range does not say how long the file is (Content-Range)"))
		}
		if first != 0 || last != min(headSize, total)-1 {
			return 0, failed(Length, fmt.Errorf("asked for bytes 0-%d of a file of %d, it gives %d-%d", min(headSize, total)-1, total, first, last))
		}
		f.length = total
	case http.StatusRequestedRangeNotSatisfiable:
		if _, _, total, ok := contentRange(a.header); !ok || total != 0 {
			return 0, failed(Unfit, errors.New("it refuses to give the first bytes (416)"))
		}
	default:
		return 0, a.fault()
	}
	if err := plainBytes(a.header); err != nil {
		return 0, err
	}
	f.etag, f.modified = bounded(a.header.Get("ETag")), bounded(a.header.Get("Last-Modified"))
	if !f.strong() && f.modified == "" {
		return 0, failed(Unfit, errors.New("it gives neither a strong ETag nor Last-Modified: nobody would notice if the file changed"))
	}
	return min(f.length, headSize), f.lengthOf(a, min(f.length, headSize))
}

// check takes an answer about the file as it was opened, and refuses any other.
func (f *remoteFile) check(a *answer, offset, length int64) error {
	switch a.status {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return failed(Changed, fmt.Errorf("the file has changed there (%d)", a.status))
	case http.StatusNotFound, http.StatusGone:
		return failed(Changed, fmt.Errorf("the file is gone there (%d)", a.status))
	default:
		return a.fault()
	}
	if a.header.Get("ETag") != f.etag {
		return failed(Changed, errors.New("the file has changed there (another ETag)"))
	}
	if !f.strong() && a.header.Get("Last-Modified") != f.modified {
		return failed(Changed, errors.New("the file has changed there (another Last-Modified)"))
	}
	if a.status == http.StatusOK {
		if offset != 0 || length != f.length {
			return noRanges()
		}
		return f.lengthOf(a, length)
	}
	first, last, total, ok := contentRange(a.header)
	switch {
	case !ok:
		return failed(Length, errors.New("its answer to a request for a range does not say which it is (Content-Range)"))
	case total >= 0 && total != f.length:
		return failed(Changed, fmt.Errorf("the file has %d bytes there now, not %d", total, f.length))
	case first != offset || last != offset+length-1:
		return failed(Length, fmt.Errorf("asked for bytes %d-%d, it gives %d-%d", offset, offset+length-1, first, last))
	}
	return f.lengthOf(a, length)
}

// lengthOf refuses an answer that says to have another length than it must, or bytes that are not as they lie in the file.
func (f *remoteFile) lengthOf(a *answer, length int64) error {
	if s := a.header.Get("Content-Length"); a.status != http.StatusRequestedRangeNotSatisfiable && s != "" {
		if n, err := strconv.ParseInt(s, 10, 64); err != nil || n != length {
			return failed(Length, fmt.Errorf("its answer has %.20s bytes, where %d were asked for", s, length))
		}
	}
	return plainBytes(a.header)
}

func plainBytes(h http.Header) error {
	if e := h.Get("Content-Encoding"); e != "" && e != "identity" {
		return failed(Unfit, fmt.Errorf("it gives files with Content-Encoding %.20q", e))
	}
	return nil
}

func noRanges() error {
	return failed(Unfit, errors.New("it does not do ranges (it answers 200 to a request for a range): files on demand cannot be read from it"))
}

// fault is what a status that is no success tells.
func (a *answer) fault() error {
	reason := Unfit
	switch {
	case a.status == http.StatusNotFound || a.status == http.StatusGone:
		reason = Missing
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status == http.StatusProxyAuthRequired:
		reason = Refused
	case a.status >= 500 || a.status == http.StatusTooManyRequests || a.status == http.StatusRequestTimeout:
		reason = Status
	}
	if a.detail != "" {
		return failed(reason, fmt.Errorf("it answers %d (%s)", a.status, a.detail))
	}
	return failed(reason, fmt.Errorf("it answers %d %s", a.status, http.StatusText(a.status)))
}

// bounded refuses validators that nobody would want to keep.
func bounded(v string) string {
	if len(v) > 256 {
		return ""
	}
	return v
}

// contentRange reads "bytes FIRST-LAST/TOTAL" (RFC 9110, 14.4). total is -1 for "*"; first and last are for "*/TOTAL".
func contentRange(h http.Header) (first, last, total int64, ok bool) {
	s, ok := strings.CutPrefix(h.Get("Content-Range"), "bytes ")
	if !ok {
		return 0, 0, 0, false
	}
	span, size, ok := strings.Cut(s, "/")
	if !ok {
		return 0, 0, 0, false
	}
	if total, ok = decimal(size); size == "*" {
		total, ok = -1, true
	}
	if span == "*" {
		return -1, -1, total, ok && total >= 0
	}
	from, to, dash := strings.Cut(span, "-")
	first, ok1 := decimal(from)
	last, ok2 := decimal(to)
	return first, last, total, ok && dash && ok1 && ok2 && first <= last && (total < 0 || last < total)
}

// decimal reads a number of digits only.
func decimal(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
