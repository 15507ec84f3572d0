package movie

import (
	"errors"
	"fmt"
	"io"
)

// File is a movie that lies in a head, a layout and the files of its media. It is immutable and safe for concurrent use if its parts are.
type File struct {
	Sizes
	HeadFile, Layout io.ReaderAt
	Sources          []io.ReaderAt
}

// ErrDamaged says that a file does not hold what was written into it.
var ErrDamaged = errors.New("damaged")

// Reader begins to read the movie. It keeps a few KB.
func (f *File) Reader() *Reader { return &Reader{f: f} }

// Reader reads a movie from any place on. It implements io.ReadSeeker; it has one owner.
type Reader struct {
	f   *File
	pos int64

	block []byte // records of the layout
	first int64  // number of the first of them
	next  int64  // where to look first
}

// blockRecords is how many records of the layout are read at a time.
const blockRecords = 128

// Seek implements io.Seeker.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.f.Total()
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek to %d in a movie: before its beginning", offset)
	}
	r.pos = offset
	return offset, nil
}

// Read implements io.Reader. It fills p unless the movie ends before.
func (r *Reader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if r.pos >= r.f.Total() {
			if n == 0 {
				return 0, io.EOF
			}
			break
		}
		k, err := r.some(p[n:])
		n += k
		r.pos += int64(k)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// some reads from one file.
func (r *Reader) some(p []byte) (int, error) {
	in := r.pos - r.f.Head
	if in < 0 {
		return fill(r.f.HeadFile, p[:min(int64(len(p)), -in)], r.pos)
	}
	rec, err := r.find(in)
	if err != nil {
		return 0, err
	}
	skip := in - rec.start
	if left := int64(rec.length) - skip; left <= int64(len(p)) {
		p = p[:left]
		r.next++ // it is read to its end
	}
	return fill(r.f.Sources[rec.source], p, rec.at+skip)
}

// fill reads all of p; a file that ends before is damaged.
func fill(from io.ReaderAt, p []byte, at int64) (int, error) {
	n, err := from.ReadAt(p, at)
	if n == len(p) {
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: it ends at %d", ErrDamaged, at+int64(n))
	}
	return n, err
}

// find is the record of the layout that has the byte at position in of the payload.
func (r *Reader) find(in int64) (record, error) {
	low, high := int64(0), r.f.Pieces-1 // it is one of these
	for at := r.next; low <= high; at = low + (high-low)/2 {
		at = min(max(at, low), high)
		rec, err := r.record(at)
		switch {
		case err != nil:
			return record{}, err
		case rec.start > in:
			high = at - 1
		case in-rec.start >= int64(rec.length):
			low = at + 1
		case int64(rec.source) >= int64(len(r.f.Sources)) || rec.at < 0:
			return record{}, fmt.Errorf("%w: layout entry %d names source %d at %d", ErrDamaged, at, rec.source, rec.at)
		default:
			r.next = at
			return rec, nil
		}
	}
	return record{}, fmt.Errorf("%w: the layout has nothing for byte %d", ErrDamaged, in)
}

// record is an entry of the layout.
func (r *Reader) record(i int64) (record, error) {
	if i < r.first || i >= r.first+int64(len(r.block)/recordSize) {
		n := min(blockRecords, r.f.Pieces-i)
		if int64(cap(r.block)) < n*recordSize {
			r.block = make([]byte, blockRecords*recordSize)
		}
		r.block, r.first = r.block[:n*recordSize], i
		if _, err := fill(r.f.Layout, r.block, i*recordSize); err != nil {
			r.block = r.block[:0]
			return record{}, fmt.Errorf("read the layout: %w", err)
		}
	}
	return parseRecord(r.block[(i-r.first)*recordSize:]), nil
}
