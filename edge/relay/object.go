package relay

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of what one object is.
const (
	maxObject = 64 << 20 // bytes
	overhead  = 1 << 10  // what an object costs beside its bytes, roughly
)

var errTooLarge = errors.New("too large to be kept")

// object is an answer of an upstream: on its way, or whole. Who reads it while it comes gets each piece as it is there.
type object struct {
	path string

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when there is more
	begun   bool          // status and header are there
	status  int
	header  http.Header // those fields that are passed on
	size    int64       // < 0: not known yet
	data    []byte
	counted int64 // bytes that came in, of the flight
	ended   bool
	err     error // why it is not whole; there may be an answer of an earlier time

	at    time.Time     // when it was asked for
	fresh time.Duration // from then on
	keep  bool
	stale bool   // it is an older one, as no upstream answers
	plain []byte // data without gzip, where it has that
}

// passed are the fields that go on to players.
var passed = []string{"Content-Type", "Etag", "Cache-Control", "Content-Encoding", "Retry-After"}

func newObject(path string) *object {
	return &object{path: path, changed: make(chan struct{}), size: -1}
}

// change does something to the object and tells those who wait.
func (o *object) change(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
	close(o.changed)
	o.changed = make(chan struct{})
}

// begin takes the beginning of an answer in, which was asked for at that time.
func (o *object) begin(at time.Time, status int, from http.Header, size int64) {
	header := make(http.Header, len(passed))
	for _, name := range passed {
		if v := from.Values(name); len(v) > 0 {
			header[name] = v
		}
	}
	o.change(func() {
		o.begun, o.status, o.header, o.size, o.at = true, status, header, size, at
		o.fresh, o.keep = lifetime(header.Get("Cache-Control"))
		o.keep = o.keep && (status == http.StatusOK || status == http.StatusNotFound || status == http.StatusGone)
	})
}

// become makes it what an older one is. Nobody has read anything of it.
func (o *object) become(old *object) {
	o.change(func() {
		o.begun, o.status, o.header, o.size, o.data, o.plain, o.at = true, old.status, old.header, old.size, old.data, old.plain, old.at
	})
}

// grow adds what has come.
func (o *object) grow(piece []byte) {
	o.change(func() {
		if o.data == nil && o.size > 0 {
			o.data = make([]byte, 0, o.size)
		}
		o.data = append(o.data, piece...)
	})
}

// end ends it. A text that came in gzip is kept without it too.
func (o *object) end(err error) {
	if err == nil && o.plain == nil && o.header.Get("Content-Encoding") != "" {
		o.plain, err = gunzip(o.data)
	}
	o.change(func() {
		o.ended, o.err = true, err
		if err == nil {
			o.size = int64(len(o.data))
		}
	})
}

// until waits until ok is true of the object, which is locked meanwhile, or it has ended.
func (o *object) until(ctx context.Context, ok func() bool) error {
	for {
		o.mu.Lock()
		done, changed := ok() || o.ended, o.changed
		o.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// more is what is there behind at: empty and io.EOF at the end, or why there is no more.
func (o *object) more(ctx context.Context, at int64) ([]byte, error) {
	if err := o.until(ctx, func() bool { return int64(len(o.data)) > at }); err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case int64(len(o.data)) > at:
		return o.data[at:], nil
	case o.err != nil:
		return nil, o.err
	}
	return nil, io.EOF
}

// weight is how many bytes it takes.
func (o *object) weight() int64 { return int64(cap(o.data)+len(o.plain)+len(o.path)) + overhead }

// lifetime is for how long an answer of that Cache-Control may be served, and whether it may be kept at all. What is private is kept too: nothing
// goes upstream of who asks but what it is kept under.
func lifetime(field string) (fresh time.Duration, keep bool) {
	keep = true
	for directive := range strings.SplitSeq(field, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store":
			return 0, false
		case "no-cache":
			return 0, true
		case "max-age":
			if n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				fresh = time.Duration(n) * time.Second
			}
		}
	}
	return fresh, keep
}

// reader reads an object of known size, and waits for what is not there yet.
type reader struct {
	ctx    context.Context
	object *object
	size   int64
	at     int64
}

// Read implements io.Reader.
func (r *reader) Read(b []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	there, err := r.object.more(r.ctx, r.at)
	if err != nil {
		return 0, err
	}
	n := copy(b, there)
	r.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	r.at = offset
	return offset, nil
}
