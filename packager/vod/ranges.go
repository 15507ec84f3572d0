package vod

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// appendRange reads a range of a file behind b, by one Open.
func appendRange(ctx context.Context, b []byte, f File, offset, length int64) ([]byte, error) {
	r, err := f.Open(ctx, offset, length)
	if err != nil {
		return nil, fmt.Errorf("read %d bytes at %d: %w", length, offset, err)
	}
	n := len(b)
	if int64(cap(b)-n) < length {
		b = append(make([]byte, 0, n+int(length)), b...)
	}
	b = b[:n+int(length)]
	_, err = io.ReadFull(r, b[n:])
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read %d bytes at %d: %w", length, offset, err)
	}
	return b, nil
}

// window reads a file through one range at a time that is kept.
type window struct {
	ctx  context.Context
	f    File
	at   int64 // of data in the file
	data []byte
	// fetched are ranges that were read ahead, by where they begin.
	fetched map[int64][]byte
}

// has tells whether what begins there need not be read.
func (w *window) has(offset int64) bool {
	_, fetched := w.fetched[offset]
	return fetched || offset >= w.at && offset < w.at+int64(len(w.data))
}

// bytes are length bytes at offset, which must lie within the file. Where they are not kept, ahead bytes are read, or length if that is more,
// in one range; what is kept of them is not read again. They stand until the next call.
func (w *window) bytes(offset, length, ahead int64) ([]byte, error) {
	size := w.f.Size()
	if offset < 0 || length < 0 || length > size-offset {
		return nil, fmt.Errorf("%w: %d bytes at %d lie outside of the file of %d bytes", ErrFile, length, offset, size)
	}
	if data, ok := w.fetched[offset]; ok {
		w.at, w.data = offset, data
		delete(w.fetched, offset)
	}
	end := w.at + int64(len(w.data))
	if offset < w.at || offset+length > end {
		var kept []byte
		if w.at <= offset && offset < end {
			kept = w.data[offset-w.at:]
		}
		from := offset + int64(len(kept))
		n := min(max(offset+length-from, ahead), size-from)
		data, err := appendRange(w.ctx, kept[:len(kept):len(kept)], w.f, from, n)
		if err != nil {
			return nil, err
		}
		w.at, w.data = offset, data
	}
	from := offset - w.at
	return w.data[from : from+length : from+length], nil
}
