package shard

import (
	"context"
	"errors"
	"io"
	"time"
)

// answer is the body of an owner's answer. It ends with an error where nothing comes of it for too long, or too little at all.
type answer struct {
	of     *Peers
	from   Member
	ctx    context.Context // of who asks
	cancel context.CancelFunc
	timer  *time.Timer // cancels
	body   io.ReadCloser
	left   int64   // bytes; < 0: not known
	first  [1]byte // that were read ahead
	begun  int
	done   bool
}

// Read implements io.Reader.
func (a *answer) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	if a.begun > 0 {
		n, a.begun = copy(b, a.first[:]), 0
	} else {
		a.timer.Reset(a.of.timeout)
		n, err = a.body.Read(b)
		a.timer.Stop()
	}
	a.of.bytes.Add(uint64(n))
	if a.left >= 0 {
		a.left -= int64(n)
	}
	switch {
	case errors.Is(err, io.EOF) && a.left > 0:
		err = io.ErrUnexpectedEOF
		a.fail(err)
	case errors.Is(err, io.EOF):
		a.whole()
	case err != nil:
		a.fail(err)
	}
	return n, err
}

// whole counts it, once.
func (a *answer) whole() {
	if !a.done {
		a.done = true
		a.of.got.Add(1)
	}
}

// fail counts that it ended early, once.
func (a *answer) fail(err error) {
	if a.done {
		return
	}
	a.done = true
	a.of.failed.Add(1)
	if a.ctx.Err() == nil {
		a.of.missed(a.from, err)
	}
}

// Close implements io.Closer.
func (a *answer) Close() error {
	if a.left == 0 { // who knows the size does not read to the end
		a.whole()
	}
	a.end()
	return a.body.Close()
}

// end lets go of what the request holds.
func (a *answer) end() {
	a.timer.Stop()
	a.cancel()
}
