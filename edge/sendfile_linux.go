//go:build linux && (amd64 || arm64)

package edge

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// fileSender sends a header and behind it a body from a file. Each connection that does so has one.
type fileSender struct {
	head []byte
	sent int // bytes of head
	file int
	at   int64
	left int // bytes of the body
	err  error
	step func(socket uintptr) bool // advance
}

// sendFile writes p, and behind it size bytes that lie at a place. It counts what was written of p.
func (c *connection) sendFile(p []byte, from place, size int) (int, error) {
	f := c.sender
	if f == nil {
		f = &fileSender{}
		f.step = f.advance
		c.sender = f
	}
	f.head, f.sent, f.file, f.at, f.left, f.err = p, 0, from.file.memory.fd, from.at, size, nil
	err := c.raw.Write(f.step)
	f.head = nil
	if err == nil {
		err = f.err
	}
	return f.sent, err
}

// advance sends until all is sent or it has failed. It is false where the socket takes no more for now.
func (f *fileSender) advance(socket uintptr) bool {
	for f.sent < len(f.head) || f.left > 0 {
		var n int
		if f.sent < len(f.head) {
			// The body follows at once, in the same packet.
			if n, f.err = syscall.SendmsgN(int(socket), f.head[f.sent:], nil, nil, syscall.MSG_MORE); n > 0 {
				f.sent += n
			}
		} else if n, f.err = syscall.Sendfile(int(socket), f.file, &f.at, f.left); n > 0 {
			f.left -= n
		} else if f.err == nil {
			f.err = io.ErrUnexpectedEOF
		}
		switch {
		case f.err == nil, errors.Is(f.err, syscall.EINTR):
			f.err = nil
		case errors.Is(f.err, syscall.EAGAIN):
			f.err = nil
			return false
		default:
			f.err = fmt.Errorf("send from memory: %w", f.err)
			return true
		}
	}
	return true
}
