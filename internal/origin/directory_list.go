package origin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The bounds of a walk through a directory.
const (
	maxDepth   = 32      // folders in folders
	maxVisited = 400_000 // names that are looked at
	listBatch  = 1024    // names read at once
)

// list walks through all that lies below folder and behind after, in any order, and keeps the first limit by name. Symbolic links are followed
// to files in the directory, not to folders.
func (d *directory) list(ctx context.Context, folder, after string, limit int) ([]Entry, error) {
	root, err := d.root()
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	w := &walk{ctx: ctx, root: root, after: after, limit: limit}
	if err := w.folder(cmp.Or(folder, "."), folder, 0); err != nil {
		return nil, err
	}
	return w.kept(), nil
}

// walk is a listing that is being made.
type walk struct {
	ctx     context.Context
	root    *os.Root
	after   string
	limit   int
	found   []Entry
	visited int
}

// folder lists the folder at name, whose files' paths begin with prefix.
func (w *walk) folder(name, prefix string, depth int) error {
	if depth > maxDepth {
		return failed(Unfit, fmt.Errorf("%s: more than %d folders deep", prefix, maxDepth))
	}
	// A pipe may have the name.
	f, err := w.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return diskError(err)
	}
	defer func() { _ = f.Close() }()
	var folders []string
	for {
		if w.ctx.Err() != nil {
			return context.Cause(w.ctx)
		}
		entries, err := f.ReadDir(listBatch)
		if w.visited += len(entries); w.visited > maxVisited {
			return failed(Unfit, fmt.Errorf("more than %d files and folders", maxVisited))
		}
		for _, e := range entries {
			p := path.Join(prefix, e.Name())
			if strings.HasPrefix(e.Name(), ".") || checkPath(p) != nil {
				continue
			}
			switch {
			case e.IsDir() && (p+"/" > w.after || strings.HasPrefix(w.after, p+"/")):
				folders = append(folders, p)
			case !e.IsDir() && p > w.after:
				w.file(p, e)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return diskError(err)
		}
	}
	for _, p := range folders {
		err := w.folder(p, p, depth+1)
		if r := reasonOf(err); r == Missing || r == Refused {
			continue // gone by now, or not for us: the others are
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file keeps a name if it is one of a regular file, in the directory.
func (w *walk) file(p string, e fs.DirEntry) {
	info, err := e.Info()
	if e.Type()&fs.ModeSymlink != 0 {
		info, err = w.root.Stat(p)
	}
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	w.found = append(w.found, Entry{Path: p, Size: info.Size(), Modified: info.ModTime().UTC().Truncate(time.Microsecond)})
	if len(w.found) >= 2*w.limit+listBatch {
		w.found = w.kept()
	}
}

// kept sorts what was found, and leaves out what is over the limit.
func (w *walk) kept() []Entry {
	slices.SortFunc(w.found, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return w.found[:min(len(w.found), w.limit)]
}
