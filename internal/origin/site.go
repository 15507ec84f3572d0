package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// backend reads one kind of site. It remembers nothing of requests; its errors are faults, or those of a context that ended.
type backend interface {
	// open finds a file, and tells its state.
	open(ctx context.Context, path string) (handle, error)
	// list finds the regular files below folder whose paths are behind after, at most limit of them, sorted.
	list(ctx context.Context, folder, after string, limit int) ([]Entry, error)
	// close lets go of connections that nobody uses.
	close()
}

// handle is a file of a site, pinned to the state it was opened in.
type handle interface {
	size() int64
	// tag names the state: equal states of a file of a site have equal ones.
	tag() string
	// read asks for a stretch of it. The reader gives exactly length bytes and io.EOF, or ends with a fault.
	read(ctx context.Context, offset, length int64) (io.ReadCloser, error)
	// kept is a stretch that is in memory, and costs the site nothing.
	kept(offset, length int64) ([]byte, bool)
	// close lets go of it. Readers that are open may go on.
	close()
}

// maxActive is how many requests to one site may be under way at once. More wait, for as long as the first byte may take.
const maxActive = 256

// site is a backend with what is remembered of it.
type site struct {
	name, kind string
	address    string // without secrets
	backend
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger
	health  *health
	missing missing
	slots   chan struct{}

	requests, bytes, passed atomic.Uint64

	mu       sync.Mutex
	failures map[Reason]uint64
	refused  time.Time // when a refusal was last logged
}

// passedOver is the error of a site that was not asked, as it is down.
type passedOver struct {
	since time.Duration
	why   string
}

func (p passedOver) Error() string {
	return fmt.Sprintf("not asked, as it is down for %v: %s", p.since, p.why)
}
func (p passedOver) Unwrap() []error { return []error{ErrUnavailable, errPassedOver} }

// enter gives leave to make a request, which is ended by leave. force is for who has no other site left.
func (s *site) enter(ctx context.Context, force bool) (ticket, error) {
	t, ok := s.health.admit(s.now(), force)
	if !ok {
		s.passed.Add(1)
		since, why, _ := s.health.state()
		return t, passedOver{s.now().Sub(since).Truncate(time.Millisecond), why}
	}
	err := s.slot(ctx)
	if err != nil {
		s.settle(ctx, t, err)
		return t, err
	}
	s.requests.Add(1)
	return t, nil
}

// slot waits until there is room for one more request.
func (s *site) slot(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return failed(Busy, fmt.Errorf("%d requests are under way there, and none ended for %v", maxActive, s.timeout))
	}
}

// leave ends a request that entered: err is how.
func (s *site) leave(ctx context.Context, t ticket, err error) {
	<-s.slots
	s.settle(ctx, t, err)
}

// settle counts how a request ended, remembers what it tells of the site, and logs what that changes.
func (s *site) settle(ctx context.Context, t ticket, err error) {
	reason := reasonOf(err)
	v, why := abandoned, ""
	switch {
	case err == nil || reason != "" && !reason.ill() && reason != Busy:
		v = alive
	case reason.slow():
		v, why = dead, err.Error()
	case reason.ill():
		v, why = ailing, err.Error()
	}
	if reason != "" {
		s.count(reason, err)
	}
	since, _, _ := s.health.state()
	now := s.now()
	switch s.health.settle(now, t, v, why) {
	case wentDown:
		s.log.WarnContext(ctx, "site is down: others are asked first", "site", s.name, "reason", reason, "error", why)
	case cameUp:
		s.log.InfoContext(ctx, "site is up again", "site", s.name, "down", now.Sub(since).Truncate(time.Millisecond))
	}
}

// refusalsEvery is how often at most refusals of a site are logged: a bucket that may not be listed refuses what it does not have.
const refusalsEvery = time.Minute

func (s *site) count(reason Reason, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures[reason]++
	if reason != Refused {
		return
	}
	if now := s.now(); s.refused.IsZero() || now.Sub(s.refused) >= refusalsEvery {
		s.refused = now
		hint := "check its keys and permissions"
		if s.kind == kindS3 {
			hint += "; without the right to list the bucket (s3:ListBucket), S3 refuses what is not there"
		}
		s.log.Warn("site refuses access: "+hint, "site", s.name, "error", err)
	}
}

// find opens a file of the site.
func (s *site) find(ctx context.Context, path string, force bool) (handle, error) {
	if s.missing.has(s.now(), path) {
		return nil, failed(Missing, errors.New("no such file, a moment ago"))
	}
	t, err := s.enter(ctx, force)
	if err != nil {
		return nil, err
	}
	h, err := s.backend.open(ctx, path)
	s.leave(ctx, t, err)
	if err == nil {
		b, _ := h.kept(0, min(headSize, h.size()))
		s.bytes.Add(uint64(len(b)))
	}
	if reasonOf(err) == Missing && s.kind != kindDirectory {
		s.missing.add(s.now(), path)
	}
	return h, err
}

// read asks for a stretch of a file of the site.
func (s *site) read(ctx context.Context, h handle, offset, length int64, force bool) (io.ReadCloser, error) {
	t, err := s.enter(ctx, force)
	if err != nil {
		return nil, err
	}
	body, err := h.read(ctx, offset, length)
	if err != nil {
		s.leave(ctx, t, err)
		return nil, err
	}
	return &counted{ctx: ctx, site: s, ticket: t, body: body}, nil
}

// counted is the body of an answer, which counts for its site until it is closed.
type counted struct {
	ctx    context.Context
	site   *site
	ticket ticket
	body   io.ReadCloser
	err    error
	closed bool
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	c.site.bytes.Add(uint64(n))
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

func (c *counted) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	err := c.body.Close()
	c.site.leave(c.ctx, c.ticket, c.err)
	return err
}
