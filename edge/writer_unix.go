//go:build unix

package edge

import (
	"errors"
	"syscall"
)

// writer writes to connections what they take at once.
type writer struct {
	data  []byte
	n     int
	err   error
	write func(fd uintptr) bool
}

func newWriter() *writer {
	w := &writer{}
	w.write = w.once
	return w
}

// once is one system call; whatever it does, nobody waits for more.
func (w *writer) once(fd uintptr) bool {
	for {
		w.n, w.err = syscall.Write(int(fd), w.data)
		if !errors.Is(w.err, syscall.EINTR) {
			return true
		}
	}
}

// try writes what the connection takes without waiting. It is false where the connection is broken.
func (w *writer) try(c *connection, data []byte) (n int, ok bool) {
	if c.raw == nil {
		has, there := c.Conn.(syscall.Conn)
		if !there {
			return 0, true
		}
		raw, err := has.SyscallConn()
		if err != nil {
			return 0, false
		}
		c.raw = raw
	}
	w.data = data
	if err := c.raw.Write(w.write); err != nil {
		return 0, false
	}
	w.data = nil
	switch {
	case w.err == nil:
		return w.n, true
	case errors.Is(w.err, syscall.EAGAIN):
		return 0, true
	}
	return 0, false
}
