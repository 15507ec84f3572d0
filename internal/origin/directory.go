package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"
)

// directory is a site on a disk. The directory is opened anew for each file, so that a disk may be mounted there while the server runs.
type directory struct{ path string }

func (d *directory) close() {}

// open opens a regular file. No symbolic link leads out of the directory.
func (d *directory) open(ctx context.Context, path string) (handle, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	root, err := d.root()
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	// A pipe that nobody writes into would be waited for, for good.
	f, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, diskError(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = failed(Unfit, fmt.Errorf("not a regular file, but %s", fileType(info.Mode())))
	}
	if err != nil {
		_ = f.Close()
		return nil, diskError(err)
	}
	return &diskFile{shared: &descriptor{file: f, users: 1}, length: info.Size(), modified: info.ModTime(), name: stateOf(info)}, nil
}

// root opens the directory.
func (d *directory) root() (*os.Root, error) {
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return nil, failed(Disk, fmt.Errorf("directory cannot be opened: %w", plain(err)))
	}
	return root, nil
}

// fileType names what is no regular file.
func fileType(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// diskError makes a fault of what a file system says.
func diskError(err error) error {
	var number syscall.Errno
	switch {
	case reasonOf(err) != "":
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return failed(Missing, errors.New("no such file"))
	case errors.Is(err, fs.ErrPermission):
		return failed(Refused, plain(err))
	case errors.Is(err, syscall.ELOOP):
		return failed(Refused, errors.New("symbolic links that lead in a circle"))
	case errors.Is(err, syscall.ENXIO):
		return failed(Unfit, errors.New("not a regular file"))
	case errors.As(err, &number):
		return failed(Disk, plain(err))
	}
	return failed(Refused, plain(err)) // what os.Root does not allow
}

// plain is an error of package os without the path, which the error around it tells.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// diskFile is a file of a directory, by a descriptor: if another file takes its name, it is the old one that is read.
type diskFile struct {
	shared   *descriptor
	length   int64
	modified time.Time
	name     string
}

func (f *diskFile) size() int64 { return f.length }
func (f *diskFile) tag() string { return f.name }
func (f *diskFile) close()      { f.shared.release() }

func (f *diskFile) kept(int64, int64) ([]byte, bool) { return nil, false }

func (f *diskFile) read(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	if !f.shared.use() {
		return nil, os.ErrClosed
	}
	r := &diskReader{ctx: ctx, diskFile: f, offset: offset, left: length}
	if err := r.check(); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// diskReader reads a stretch. It is used by one goroutine.
type diskReader struct {
	ctx context.Context
	*diskFile
	offset, left int64
	closed       bool
}

// Read gives bytes only after a look whether the file is still as it was: what was written into it before shows there.
func (r *diskReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.shared.file.ReadAt(p[:min(int64(len(p)), r.left)], r.offset)
	if changed := r.check(); changed != nil {
		return 0, changed
	}
	r.offset += int64(n)
	r.left -= int64(n)
	switch {
	case r.left == 0 || err == nil:
		return n, nil
	case err == io.EOF:
		return n, failed(Changed, errors.New("the file ends early"))
	}
	return n, failed(Disk, plain(err))
}

// check fails if the file was changed since it was opened.
func (r *diskReader) check() error {
	info, err := r.shared.file.Stat()
	if err != nil {
		return failed(Disk, plain(err))
	}
	if info.Size() != r.length {
		return failed(Changed, fmt.Errorf("the file has %d bytes now, not %d", info.Size(), r.length))
	}
	if !info.ModTime().Equal(r.modified) {
		return failed(Changed, fmt.Errorf("the file was written to at %s", info.ModTime().UTC().Format(time.RFC3339Nano)))
	}
	return nil
}

func (r *diskReader) Close() error {
	if !r.closed {
		r.closed = true
		r.shared.release()
	}
	return nil
}

// descriptor is an open file, closed by the last of those who use it.
type descriptor struct {
	file  *os.File
	mu    sync.Mutex
	users int
}

// use is to be followed by release; it fails on what is closed already.
func (d *descriptor) use() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users == 0 {
		return false
	}
	d.users++
	return true
}

func (d *descriptor) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users--; d.users == 0 {
		_ = d.file.Close()
	}
}
