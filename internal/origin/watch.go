package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// errSilent ends a request that nothing came of for too long.
var errSilent = errors.New("silent for too long")

// watch is the context of one request, which ends when the site is silent for longer than timeout while somebody waits for it.
type watch struct {
	ctx     context.Context // of the request
	parent  context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	timeout time.Duration
}

// watching begins to wait for a first byte.
func watching(parent context.Context, timeout time.Duration) *watch {
	w := &watch{parent: parent, timeout: timeout}
	w.ctx, w.cancel = context.WithCancelCause(parent)
	w.timer = time.AfterFunc(timeout, func() { w.cancel(errSilent) })
	return w
}

// end lets go of the request.
func (w *watch) end() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}

// fault tells why the request failed: err is what was seen of it, reason what that means, silent what a time-out would.
func (w *watch) fault(reason, silent Reason, err error) error {
	switch {
	case w.parent.Err() != nil:
		return context.Cause(w.parent)
	case errors.Is(context.Cause(w.ctx), errSilent) && silent == Timeout:
		return failed(silent, fmt.Errorf("no answer within %v", w.timeout))
	case errors.Is(context.Cause(w.ctx), errSilent):
		return failed(silent, fmt.Errorf("no further byte for %v", w.timeout))
	}
	return failed(reason, err)
}

// stretch is the body of an answer: exactly left bytes, each within the time-out of its watch. It is used by one goroutine.
type stretch struct {
	watch *watch
	body  io.ReadCloser
	first []byte // read already
	left  int64
	err   error
}

// begin waits for the first byte.
func (s *stretch) begin() error {
	if s.left == 0 {
		return nil
	}
	var b [1]byte
	n, err := io.ReadFull(s.body, b[:])
	if n == 0 {
		if err == io.EOF {
			err = errors.New("the answer has no body")
		}
		return s.watch.fault(Cut, Timeout, fmt.Errorf("answer cut off before its first byte: %w", address(err)))
	}
	s.watch.timer.Stop()
	s.first = b[:n]
	return nil
}

// Read gives the last bytes only when it is sure that none follow that were not asked for.
func (s *stretch) Read(p []byte) (int, error) {
	switch {
	case s.err != nil:
		return 0, s.err
	case s.left == 0:
		s.err = io.EOF
		return 0, s.err
	case len(p) == 0:
		return 0, nil
	}
	s.watch.timer.Reset(s.watch.timeout)
	defer s.watch.timer.Stop()
	n := copy(p, s.first)
	s.first = s.first[n:]
	var err error
	if n == 0 {
		n, err = s.body.Read(p[:min(int64(len(p)), s.left)])
	}
	s.left -= int64(n)
	if s.left == 0 {
		s.err = s.over(err)
		if s.err != io.EOF {
			return 0, s.err
		}
		return n, nil
	}
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		s.err = s.watch.fault(Cut, Stalled, fmt.Errorf("answer cut off %d bytes before its end: %w", s.left, address(err)))
	}
	return n, nil
}

// over is io.EOF if the answer ends here. That is read to its end also lets the connection be used again.
func (s *stretch) over(err error) error {
	if err == nil {
		var b [1]byte
		var n int
		if n, err = io.ReadFull(s.body, b[:]); n > 0 {
			return failed(Length, errors.New("the answer has more bytes than were asked for"))
		}
	}
	if err == io.EOF {
		return io.EOF
	}
	return s.watch.fault(Cut, Stalled, fmt.Errorf("answer cut off at its end: %w", address(err)))
}

func (s *stretch) Close() error {
	s.watch.end()
	return s.body.Close()
}
