package thumbnail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"weir/internal/process"
)

const (
	maxWords  = 1 << 10         // bytes of what a child says that are told
	leaveTime = 2 * time.Second // for the pipes of a child that is gone
)

// child is one ffmpeg with what goes in and out of it.
type child struct {
	in         source
	out, words bounded
}

// run runs the program until it ends, or ctx does, which kills it.
func (c *child) run(ctx context.Context, program string, nice int, arguments []string) error {
	done := make(chan error)
	go func() {
		// The child gets its priority from the thread that starts it, and ends with that. The thread is nobody else's, and ends with this goroutine.
		runtime.LockOSThread()
		_ = process.Lower(nice) // it works without
		cmd := exec.CommandContext(ctx, program, arguments...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = &c.in, &c.out, &c.words
		cmd.WaitDelay = leaveTime
		process.Confine(cmd)
		err := cmd.Start()
		if err == nil {
			err = cmd.Wait()
			process.EndGroup(cmd.Process.Pid)
		}
		done <- err
	}()
	return <-done
}

// said is the last line that the child has said; "": nothing.
func (c *child) said() string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(c.words.data), "\ufffd"))
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// source is what a child reads. It remembers what went wrong there.
type source struct {
	from io.Reader

	mu  sync.Mutex // guards err: the child may be gone before a Read is
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
	}
	return n, err
}

func (s *source) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// bounded keeps what a child writes, up to a bound behind which it fails.
type bounded struct {
	data []byte
	most int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.most-len(b.data))
	b.data = append(b.data, p[:n]...)
	if n < len(p) {
		return n, fmt.Errorf("more than %d bytes", b.most)
	}
	return n, nil
}
