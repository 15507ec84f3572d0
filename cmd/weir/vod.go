package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"weir/internal/media"
	"weir/packager/vod"
)

// vodCommand is `weir vod`.
type vodCommand struct {
	Inspect vodInspectCommand `cmd:"" help:"Say what is in media files, how they would be cut, and what of them does not play and why."`
	Package vodPackageCommand `cmd:"" help:"Write media files as HLS and DASH for any web server, just as the edge would serve them."`
}

// diskFile is a file on disk that is packaged.
type diskFile struct {
	*os.File
	size  int64
	opens atomic.Int64 // ranges that were read
}

// Size implements vod.File.
func (f *diskFile) Size() int64 { return f.size }

// Open implements vod.File.
func (f *diskFile) Open(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	f.opens.Add(1)
	return io.NopCloser(io.NewSectionReader(exact{f.File}, offset, length)), nil
}

// exact reads all that it is asked for, or says that the file has become shorter.
type exact struct{ f *os.File }

// ReadAt implements io.ReaderAt.
func (e exact) ReadAt(p []byte, offset int64) (int, error) {
	n, err := e.f.ReadAt(p, offset)
	if errors.Is(err, io.EOF) && n < len(p) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// vodInput is a file of the command line and what is in it.
type vodInput struct {
	path     string
	language string
	file     *diskFile
	index    *vod.Index
}

// openInputs indexes files. A path may tell the language of its audio or subtitles behind a "#". Close them in any case.
func openInputs(ctx context.Context, paths []string) (all []*vodInput, err error) {
	for _, path := range paths {
		in := &vodInput{path: path}
		if _, err := os.Stat(path); err != nil {
			if i := strings.LastIndexByte(path, '#'); i > 0 && media.IsLanguage(path[i+1:]) {
				in.path, in.language = path[:i], path[i+1:]
			}
		}
		f, err := os.Open(in.path)
		if err != nil {
			return all, err
		}
		in.file = &diskFile{File: f}
		all = append(all, in)
		st, err := f.Stat()
		if err != nil {
			return all, err
		}
		if !st.Mode().IsRegular() {
			return all, fmt.Errorf("%s is no file", in.path)
		}
		in.file.size = st.Size()
		if in.index, err = vod.Read(ctx, in.file); err != nil {
			return all, fmt.Errorf("%s: %w", in.path, err)
		}
	}
	return all, nil
}

// closeInputs closes the files.
func closeInputs(all []*vodInput) {
	for _, in := range all {
		_ = in.file.Close() // it was only read
	}
}

// titleOf plans a title of the files.
func titleOf(all []*vodInput, segment time.Duration) (*vod.Title, error) {
	inputs := make([]vod.Input, len(all))
	for i, in := range all {
		inputs[i] = vod.Input{Index: in.index, File: i, Language: in.language}
	}
	return vod.New(inputs, segment)
}
