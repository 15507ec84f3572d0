package library

import (
	"context"
	"io"

	"weir/internal/media"
)

// Asset is what is served under one name. Whoever opened it calls Release once.
type Asset interface {
	ID() string
	// Version stands in the URLs of its media as v=VERSION, so that media of files that have changed is never mixed with older one; "": it
	// never changes.
	Version() string
	Window() *media.Window
	// Init is an init segment, nil where there is none of that version.
	Init(track string, version uint32) []byte
	// Segment is a segment, Keys the segment of its key frames. Errors: ErrNoSegment, and why it cannot be read.
	Segment(track string, number uint64) (Body, error)
	Keys(track string, number uint64) (Body, error)
	// Sheet is the sheet of thumbnails of that number, as JPEG, where the window has Images; it is made where it is not in memory. Errors:
	// ErrNoSegment, ErrBusy, vod.ErrFile where its pictures cannot be decoded, and why they cannot be read.
	Sheet(ctx context.Context, number uint64) ([]byte, error)
	Release()
}

// Body is the bytes of a segment.
type Body interface {
	Size() int64
	Tag() string // tells it from others under its URL, without quotes
	// Bytes are all of them where they are in memory, else nil.
	Bytes() []byte
	// Open begins to read them at from, up to to. It waits until the first ones are there, or it is known that they will never be.
	Open(ctx context.Context, from, to int64) (io.ReadCloser, error)
}

// ReadAll is all bytes of a body.
func ReadAll(ctx context.Context, b Body) ([]byte, error) {
	if data := b.Bytes(); data != nil {
		return data, nil
	}
	r, err := b.Open(ctx, 0, b.Size())
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // it was only read
	data := make([]byte, b.Size())
	_, err = io.ReadFull(r, data)
	return data, err
}
