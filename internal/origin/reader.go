package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// reader reads a stretch of a file, from one site after another if need be. It is used by one goroutine.
type reader struct {
	ctx      context.Context
	file     *File
	offset   int64 // of the next byte
	left     int64 // bytes to come
	body     io.ReadCloser
	at       *replica // where body is from
	pinned   handle
	given    int64            // bytes of body
	attempts map[*replica]int // requests
	cut      []*replica       // whose answers ended early, so that asking once more is worth it
	failure  Failure
	err      error
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		switch {
		case r.err != nil:
			return 0, r.err
		case r.left == 0:
			r.end(io.EOF)
			return 0, r.err
		case len(p) == 0:
			return 0, nil
		}
		n, err := r.body.Read(p[:min(int64(len(p)), r.left)])
		r.offset += int64(n)
		r.left -= int64(n)
		r.given += int64(n)
		switch {
		case r.left == 0:
			r.drop() // what is slow from here on is not the site
		case err != nil:
			r.fail(err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// fail goes on elsewhere after an answer that ended with err, or ends the reader.
func (r *reader) fail(err error) {
	if r.ctx.Err() != nil {
		r.end(fmt.Errorf("%s: %w", r.file.path, context.Cause(r.ctx)))
		return
	}
	r.drop()
	r.spoiled(r.at, r.pinned, err)
	reason := reasonOf(err)
	if reason == Cut && r.attempts[r.at] == 1 {
		r.cut = append(r.cut, r.at)
	}
	if reason == Length && r.given > 0 {
		// What came before of an answer of the wrong length may be wrong as well: nothing is put behind it.
		r.end(&r.failure)
		return
	}
	if err := r.next(); err != nil {
		r.end(err)
	}
}

// spoiled notes how reading a copy failed.
func (r *reader) spoiled(at *replica, h handle, err error) {
	r.failure.note(at.site.name, err)
	if reasonOf(err) == Changed {
		r.file.lose(at, h)
	}
}

// next begins to read what is left from the next copy: every one is asked once, and those whose answer was cut off once more.
func (r *reader) next() error {
	var fresh []*replica
	for _, c := range r.file.replicas {
		if r.attempts[c] == 0 {
			fresh = append(fresh, c)
		}
	}
	again := r.cut
	r.cut = nil
	r.body = nil
	err := inTurn(r.ctx, append(fresh, again...), r.ask)
	switch {
	case r.body != nil:
		// Those that were not needed may be, later on.
		for _, c := range again {
			if c != r.at && r.attempts[c] == 1 {
				r.cut = append(r.cut, c)
			}
		}
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", r.file.path, err)
	}
	return &r.failure
}

// ask asks one copy for what is left.
func (r *reader) ask(c *replica, force bool) error {
	h, err := r.file.get(r.ctx, c, force)
	if err != nil {
		if errors.Is(err, os.ErrClosed) {
			return err
		}
		if !errors.Is(err, errPassedOver) {
			r.attempts[c]++
		}
		r.failure.note(c.site.name, err)
		return err
	}
	if b, ok := h.kept(r.offset, r.left); ok {
		r.attempts[c]++
		r.body, r.at, r.pinned, r.given = io.NopCloser(bytes.NewReader(b)), c, h, 0
		return nil
	}
	body, err := c.site.read(r.ctx, h, r.offset, r.left, force)
	if errors.Is(err, errPassedOver) {
		r.failure.note(c.site.name, err)
		return err
	}
	r.attempts[c]++
	if err != nil {
		if r.ctx.Err() == nil {
			r.spoiled(c, h, err)
		}
		return err
	}
	r.body, r.at, r.pinned, r.given = body, c, h, 0
	return nil
}

// drop closes the answer that is being read.
func (r *reader) drop() {
	if r.body != nil {
		_ = r.body.Close()
		r.body = nil
	}
}

func (r *reader) end(err error) {
	r.drop()
	r.err = err
}

// Close ends the reader, and the request that it has under way.
func (r *reader) Close() error {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", r.file.path, os.ErrClosed)
	}
	r.drop()
	return nil
}
