package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"weir/testdata"
)

const (
	// Scheme begins a channel's source that is a file: file:PATH, relative to the directory that the program was started in.
	Scheme = "file:"
	// BuiltIn is the path of the clip that the program carries. A file of that path goes first.
	BuiltIn = "testdata/demo.mp4"
)

// open opens the file of a source and indexes it. The closer is never nil without an error.
func open(source string) (*clip, io.Closer, error) {
	name, ok := strings.CutPrefix(source, Scheme)
	if !ok || name == "" {
		return nil, nil, fmt.Errorf("source %q: not of the form %sPATH", source, Scheme)
	}
	// A pipe that nobody writes into would be waited for, for good.
	f, err := os.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) && path.Clean(name) == BuiltIn {
		c, err := newClip(strings.NewReader(testdata.Demo), int64(len(testdata.Demo)))
		if err != nil {
			return nil, nil, fmt.Errorf("built-in clip: %w", err)
		}
		return c, io.NopCloser(nil), nil
	}
	if err != nil {
		return nil, nil, err // names the file
	}
	c, err := indexFile(f)
	if err != nil {
		_ = f.Close()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, f, nil
}

func indexFile(f *os.File) (*clip, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file", ErrFile)
	}
	return newClip(f, info.Size())
}
