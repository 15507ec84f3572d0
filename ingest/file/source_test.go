package file

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A named pipe as a source made the supervisor, and with it the program's stop, wait for ever.
func TestPipeAsASourceIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe.mp4")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		_, _, err := open(t.Context(), Scheme+pipe)
		opened <- err
	}()
	select {
	case err := <-opened:
		if !errors.Is(err, ErrFile) {
			t.Errorf("opened: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("open waits for somebody who writes")
	}
}
