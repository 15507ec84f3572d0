package clip

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"weir/internal/clip/movie"
	"weir/internal/media"
)

// Asset is an opened clip. It is immutable and safe for concurrent use; whoever opened it calls Release once. What has been opened can be
// read to its end even when the clip is deleted.
type Asset struct {
	Info
	window *media.Window
	doc    *document
	table  *table
	files  []*os.File // beside doc.Files, then the movie's head and map
	of     *assets

	users  int  // guarded by of.mu
	kept   bool // in of.by; guarded by of.mu
	used   uint64
	source movie.File
}

// Window is the clip as manifests list it: it has ended, and its segments have no Data.
func (a *Asset) Window() *media.Window { return a.window }

// Init is an init segment, nil where the clip has none of that version.
func (a *Asset) Init(track string, version uint32) []byte {
	for i := range a.doc.Inits {
		if in := &a.doc.Inits[i]; in.Track == track && in.Version == version {
			return in.Data
		}
	}
	return nil
}

// Segment is a segment and its bytes; false: the clip has none of that number, or it is a gap.
func (a *Asset) Segment(track string, number uint64) (*media.Segment, *io.SectionReader, bool) {
	first := a.doc.Rows.First
	if number < first || number-first >= uint64(a.table.Len()) {
		return nil, nil, false
	}
	row, offsets := a.table.row(int(number - first))
	for k := range row.Run.Tracks {
		s := row.Segments[k]
		if row.Run.Tracks[k].Name != track || s.Gap() {
			continue
		}
		return s, io.NewSectionReader(a.files[a.doc.file(track)], offsets[k], s.Bytes), true
	}
	return nil, nil, false
}

// MP4 begins to read the clip as one progressive MP4, of Info.MP4 bytes.
func (a *Asset) MP4() io.ReadSeeker { return a.source.Reader() }

// Release lets go of the clip.
func (a *Asset) Release() { a.of.release(a) }

// close closes the files.
func (a *Asset) close() {
	for _, f := range a.files {
		_ = f.Close() // they were only read
	}
}

// Open opens a clip. Errors: ErrNotFound, ErrDamaged, those of the disk.
func (s *Store) Open(id string) (*Asset, error) {
	if _, ok := s.Get(id); !ok {
		return nil, ErrNotFound
	}
	a, err := s.opened.open(id)
	if _, ok := s.Get(id); !ok { // it was deleted meanwhile
		if err == nil {
			s.opened.forget(id)
			a.Release()
		}
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("open clip %s: %w", id, err)
	}
	return a, nil
}

// load reads a clip's index and opens its files.
func (s *Store) load(id string) (*Asset, error) {
	d, err := s.document(id)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(s.dir, id)
	blob, err := readFile(filepath.Join(dir, rowsName), maxRowBytes)
	if err != nil {
		return nil, err
	}
	rows, err := parseRows(d, blob)
	if err != nil {
		return nil, err
	}
	a := &Asset{Info: d.Info, doc: d, table: rows}
	a.window = &media.Window{
		Channel: d.Channel, Title: d.Name, Segment: d.Segment, Target: d.Target, DVR: d.DVR, Rows: rows, Ended: true,
		Tracks: d.Tracks, Rates: d.Rates, Captions: d.Captions, Published: d.Created,
	}
	names := make([]string, 0, len(d.Files)+2)
	sizes := make([]int64, 0, cap(names))
	for _, f := range d.Files {
		names, sizes = append(names, f.Track+mediaSuffix), append(sizes, f.Bytes)
	}
	names = append(names, movieHeadName, movieMapName)
	sizes = append(sizes, d.Movie.Head, d.Movie.MapBytes())
	for i, name := range names {
		f, err := openSized(filepath.Join(dir, name), sizes[i])
		if err != nil {
			a.close()
			return nil, err
		}
		a.files = append(a.files, f)
	}
	n := len(d.Files)
	a.source = movie.File{Sizes: d.Movie, HeadFile: a.files[n], Layout: a.files[n+1]}
	for _, f := range a.files[:n] {
		a.source.Sources = append(a.source.Sources, f)
	}
	return a, nil
}

// openSized opens a file that must have that many bytes.
func openSized(path string, size int64) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && st.Size() != size {
		err = damaged("%s has %d bytes instead of %d", filepath.Base(path), st.Size(), size)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// How much is kept of opened clips that nobody reads at the moment.
const (
	maxOpened      = 32
	maxOpenedBytes = 64 << 20 // of rows
)

// assets are the clips that are open. Those that were read last are kept.
type assets struct {
	load func(id string) (*Asset, error)

	mu     sync.Mutex
	by     map[string]*Asset
	clock  uint64
	closed bool
}

// open gives the clip a user.
func (o *assets) open(id string) (*Asset, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clock++
	a := o.by[id]
	if a == nil {
		var err error
		if a, err = o.load(id); err != nil {
			return nil, err
		}
		a.of = o
		if !o.closed {
			if o.by == nil {
				o.by = make(map[string]*Asset)
			}
			o.by[id], a.kept = a, true
		}
	}
	a.used = o.clock
	a.users++
	o.trim()
	return a, nil
}

// trim lets go of those that were not read for longest.
func (o *assets) trim() {
	for {
		var oldest *Asset
		bytes := 0
		for _, a := range o.by {
			bytes += len(a.table.blob)
			if oldest == nil || a.used < oldest.used {
				oldest = a
			}
		}
		if len(o.by) <= 1 || len(o.by) <= maxOpened && bytes <= maxOpenedBytes {
			return
		}
		o.drop(oldest)
	}
}

// drop forgets a clip, and closes it if nobody reads it.
func (o *assets) drop(a *Asset) {
	delete(o.by, a.ID)
	if a.kept = false; a.users == 0 {
		a.close()
	}
}

func (o *assets) release(a *Asset) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a.users--; a.users == 0 && !a.kept {
		a.close()
	}
}

// forget drops a clip that is deleted.
func (o *assets) forget(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a := o.by[id]; a != nil {
		o.drop(a)
	}
}

func (o *assets) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for _, a := range o.by {
		o.drop(a)
	}
}
