package bus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// lockName is the file that is locked in a data directory. It stays there when the lock is given back: removing it would
// let two processes lock two files of that name.
const lockName = "weir.lock"

// dirLock is an exclusive lock on a data directory. The kernel gives it back when the process dies, however it dies.
type dirLock struct{ file *os.File }

// lockDir creates dir where it is missing and locks it. The errors are ErrLocked and ErrUnwritable, in one line each.
func lockDir(dir string) (*dirLock, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, unwritable(dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock data directory %s: %w", dir, err)
		}
		if pid, ok := readPID(f); ok {
			return nil, fmt.Errorf("data directory %s: %w (process %d)", dir, ErrLocked, pid)
		}
		return nil, fmt.Errorf("data directory %s: %w", dir, ErrLocked)
	}
	if err := writePID(f); err != nil {
		f.Close()
		return nil, unwritable(dir, err)
	}
	return &dirLock{f}, nil
}

func unwritable(dir string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err // its path says less than the directory that was configured
	}
	return fmt.Errorf("%w: %s: %w", ErrUnwritable, dir, err)
}

// readPID is best effort: the file may be empty or from another system.
func readPID(f *os.File) (int, bool) {
	b, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid, err == nil && pid > 0
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func (l *dirLock) release() error { return l.file.Close() }
