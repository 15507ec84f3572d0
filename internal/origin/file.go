package origin

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
)

// File is a file on one site, or on several, pinned to the bytes it had when it was opened. It is to be closed, as it may hold a
// descriptor; its methods may be called at any time by anyone. Of a server's file the first 64 KiB are kept in memory until something
// behind them is read.
type File struct {
	// Same says whether another copy of the file, of the same size and on another site, has the same bytes. It is asked when this file's own
	// site fails, at most once per state of the copy; without it no other site is read from. other is for the duration of the call, and is
	// read from its own site only. To be set before the first Open.
	Same func(ctx context.Context, other *File) (bool, error)

	origin   *Origin
	path     string
	home     *replica
	replicas []*replica // home first, then the other sites in order

	mu     sync.Mutex
	closed bool
}

// newFile is a file that was found on one of sites.
func newFile(o *Origin, sites []*site, found *site, path string, h handle) *File {
	f := &File{origin: o, path: path, home: newReplica(found, h)}
	f.replicas = append(f.replicas, f.home)
	for _, s := range sites {
		if s != found {
			f.replicas = append(f.replicas, newReplica(s, nil))
		}
	}
	return f
}

// Size is how many bytes the file has.
func (f *File) Size() int64 { return f.home.size }

// Path is where it lies, relative to its site.
func (f *File) Path() string { return f.path }

// Site is the name of the site it was found on.
func (f *File) Site() string { return f.home.site.name }

// Local tells whether it was found in a directory, where asking for a stretch costs next to nothing.
func (f *File) Local() bool { return f.home.site.kind == kindDirectory }

// Tag names the state of the file on its site: another one is another file. It begins with the size.
func (f *File) Tag() string { return f.home.tag }

// Open begins to read length bytes from offset on. It returns when the first of them are there. The reader gives all of them, or ends
// with an error: where a site fails on the way, it goes on at that very byte on another that has the same file. The error is a *Failure
// unless ctx ended, which ends the reader too.
func (f *File) Open(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length < 0 || offset > f.Size() || length > f.Size()-offset {
		return nil, fmt.Errorf("%s: %d bytes at %d of a file of %d", f.path, length, offset, f.Size())
	}
	f.mu.Lock()
	closed := f.closed
	f.mu.Unlock()
	if closed {
		return nil, fmt.Errorf("%s: %w", f.path, os.ErrClosed)
	}
	r := &reader{ctx: ctx, file: f, offset: offset, left: length, attempts: map[*replica]int{}, failure: Failure{Path: f.path}}
	if length > 0 {
		if err := r.next(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Close lets go of the file. Readers that are open go on.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, r := range f.replicas {
		if r.handle != nil {
			r.handle.close()
			r.handle = nil
		}
	}
	return nil
}
