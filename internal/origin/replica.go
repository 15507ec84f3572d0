package origin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// replica is a file as one of its sites has it. Only one that is known to be the same file has a handle.
type replica struct {
	site *site
	size int64  // of the home's
	tag  string // of the home's

	examining chan struct{} // holds one: who finds out whether it is the same

	handle handle // under File.mu; nil: not opened, not the same, changed, or closed

	// What was found out, by who is examining.
	judged  string    // tag of the state that verdict is about
	verdict error     // nil: the same
	until   time.Time // before that the site is not asked whether it has changed
}

// judgedFor is how long another site's copy that is not the same is left alone: then it is looked up whether there is a new one.
const judgedFor = 30 * time.Second

func newReplica(s *site, h handle) *replica {
	r := &replica{site: s, handle: h, examining: make(chan struct{}, 1)}
	if h != nil {
		r.size, r.tag = h.size(), h.tag()
	}
	return r
}

var errNoMore = errors.New("no longer what was opened")

// get is the handle of a copy that is the same file, found out if need be.
func (f *File) get(ctx context.Context, r *replica, force bool) (handle, error) {
	if h, err := f.known(r); h != nil || err != nil {
		return h, err
	}
	select {
	case r.examining <- struct{}{}:
		defer func() { <-r.examining }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if h, err := f.known(r); h != nil || err != nil { // another has found out in the meantime
		return h, err
	}
	h, err := f.examine(ctx, r, force)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		h.close()
		return nil, fmt.Errorf("%s: %w", f.path, os.ErrClosed)
	}
	r.handle = h
	return h, nil
}

// known is the handle of a copy that is known to be the same; nil without an error if that is not known yet.
func (f *File) known(r *replica) (handle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return nil, fmt.Errorf("%s: %w", f.path, os.ErrClosed)
	case r.handle != nil:
		return r.handle, nil
	case r == f.home:
		return nil, failed(Changed, errNoMore)
	case f.Same == nil:
		return nil, failed(Different, errors.New("nobody knows whether its copy is the same"))
	}
	return nil, nil
}

// examine opens a copy, and finds out whether it is the same.
func (f *File) examine(ctx context.Context, r *replica, force bool) (handle, error) {
	if r.verdict != nil && f.origin.now().Before(r.until) {
		return nil, r.verdict
	}
	h, err := r.site.find(ctx, f.path, force)
	if err != nil {
		return nil, err
	}
	if h.tag() != r.judged {
		h, err = f.compare(ctx, r.site, h)
		if err != nil && reasonOf(err) != Different {
			return nil, err // not known
		}
		r.verdict = err
		if h != nil {
			r.judged = h.tag()
		}
	}
	if r.verdict != nil {
		h.close()
		r.until = f.origin.now().Add(judgedFor)
		return nil, r.verdict
	}
	return h, nil
}

// compare asks whether a copy is the same. It gives the handle of the copy back, but for an error that tells nothing about it.
func (f *File) compare(ctx context.Context, s *site, h handle) (handle, error) {
	different := func(format string, args ...any) (handle, error) {
		err := failed(Different, fmt.Errorf(format, args...))
		s.count(Different, err)
		return h, err
	}
	if h.size() != f.Size() {
		return different("its copy has %d bytes, not %d", h.size(), f.Size())
	}
	other := newFile(f.origin, nil, s, f.path, h)
	ok, err := f.Same(ctx, other)
	other.mu.Lock()
	h, other.home.handle = other.home.handle, nil
	other.mu.Unlock()
	switch {
	case h == nil:
		return nil, failed(Changed, errors.New("its copy changed while it was compared"))
	case ctx.Err() != nil:
		h.close()
		return nil, context.Cause(ctx)
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrChanged):
		h.close()
		return nil, err
	case err != nil:
		return different("its copy cannot be compared: %w", err)
	case !ok:
		return different("its copy is another file of the same size")
	}
	return h, nil
}

// lose forgets a copy that has changed. A file whose home is lost is read from the others: who opens it anew gets the new one.
func (f *File) lose(r *replica, h handle) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.handle == h && h != nil {
		r.handle = nil
		h.close()
	}
}
