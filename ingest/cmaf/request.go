package cmaf

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// overtake is how long a request may bring nothing before another one for the same track takes its place: the connection of a sender
// that has come back hangs in the network.
const overtake = 8 * time.Second

// request is one PUT or POST on its way.
type request struct {
	cfg     Config
	control *http.ResponseController
	r       io.Reader
	address address
	session *session

	source  *source
	pending []place   // of a moof whose mdat has not come
	relate  []message // event messages that count from the next samples
	last    bool      // the segment is its track's last

	deadline time.Time // that is set

	mu     sync.Mutex
	active time.Time // when bytes came last
	why    error     // it was interrupted
}

// Read reads the request's body, and waits no longer than Config.Idle.
func (q *request) Read(p []byte) (int, error) {
	now := time.Now()
	if q.deadline.Sub(now) < q.cfg.Idle-time.Second || q.cfg.Idle < 2*time.Second {
		q.deadline = now.Add(q.cfg.Idle)
		_ = q.control.SetReadDeadline(q.deadline)
	}
	// Only a deadline that is set first and checked after cannot undo that of interrupt.
	if err := q.interrupted(); err != nil {
		return 0, err
	}
	n, err := q.r.Read(p)
	q.mu.Lock()
	defer q.mu.Unlock()
	if n > 0 {
		q.active = time.Now()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if err = q.why; err == nil {
			err = fmt.Errorf("%w for %s", errIdle, q.cfg.Idle)
		}
	}
	return n, err
}

func (q *request) interrupted() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.why
}

// interrupt makes a read that waits, and every later one, fail.
func (q *request) interrupt(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.why == nil {
		q.why = why
	}
	_ = q.control.SetReadDeadline(time.Unix(1, 0))
}

// silent is for how long nothing has come.
func (q *request) silent() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return time.Since(q.active)
}

// bind makes a source the request's own: no other request brings samples of it meanwhile.
func (q *request) bind(src *source) error {
	if q.source == src {
		return nil
	}
	q.release()
	retry := time.NewTicker(overtake / 10)
	defer retry.Stop()
	for {
		select {
		case src.turn <- struct{}{}:
			q.session.mu.Lock()
			defer q.session.mu.Unlock()
			q.source, src.holder = src, q
			return nil
		case <-q.session.quit:
			return q.session.ending()
		case <-retry.C:
			if err := q.interrupted(); err != nil {
				return err
			}
			q.session.mu.Lock()
			holder := src.holder
			q.session.mu.Unlock()
			if holder != nil && holder.silent() > overtake {
				holder.interrupt(errOvertaken)
			}
		}
	}
}

// release gives the source back.
func (q *request) release() {
	if q.source == nil {
		return
	}
	q.session.mu.Lock()
	q.source.holder = nil
	q.session.mu.Unlock()
	<-q.source.turn
	q.source = nil
}

// take takes the whole body; packed says how it is packed. Nothing at all is a question whether a feed would be taken (interface 1,
// clause 1). open gives the session, and opens one for a header.
func (q *request) take(ctx context.Context, packed string, open func(ctx context.Context, header bool) (*session, error)) error {
	var plain io.Reader = q
	switch packed {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(q)
		if err != nil {
			return fmt.Errorf("%w: gzip: %w", errMalformed, err)
		}
		plain = z
	default:
		return fmt.Errorf("%w: it is packed with %q", errNotCMAF, packed)
	}
	b := newBody(plain)
	first, err := b.next()
	if errors.Is(err, io.EOF) {
		_, err = open(ctx, true)
		return err
	}
	if err != nil {
		return err
	}
	switch first.name {
	case "ftyp", "styp", "moov", "moof", "emsg", "prft", "sidx", "free", "skip", "mfra":
	default:
		return fmt.Errorf("%w: it begins with %q", errNotCMAF, first.name)
	}
	if q.session, err = open(ctx, first.name == "ftyp" || first.name == "moov"); err != nil {
		return err
	}
	if err := q.session.enter(q); err != nil {
		return err
	}
	defer q.session.leave(q)
	defer q.release()
	return q.boxes(b, first)
}
