package library

import (
	"context"
	"fmt"
	"io"
	"sync"

	"weir/internal/clip"
	"weir/packager/trick"
)

// maxKeySegment is the largest segment in bytes that key frames are taken out of.
const maxKeySegment = 256 << 20

// clipAsset is a clip. Its media lies on the disk as it is served.
type clipAsset struct{ *clip.Asset }

func (a clipAsset) ID() string      { return a.Info.ID }
func (a clipAsset) Version() string { return "" }

// Segment implements Asset.
func (a clipAsset) Segment(track string, number uint64) (Body, error) {
	seg, file, ok := a.Asset.Segment(track, number)
	if !ok {
		return nil, ErrNoSegment
	}
	return &stored{file: file, tag: fmt.Sprintf("%d-%x-%d", number, seg.Checksum, seg.Bytes)}, nil
}

// Keys implements Asset.
func (a clipAsset) Keys(track string, number uint64) (Body, error) {
	seg, file, ok := a.Asset.Segment(track, number)
	if !ok || seg.Bytes > maxKeySegment {
		return nil, ErrNoSegment
	}
	data := make([]byte, seg.Bytes)
	_, err := file.ReadAt(data, 0)
	if err == nil {
		data, err = trick.KeyFrames(data)
	}
	if err != nil {
		return nil, err
	}
	return &inMemory{data: data, tag: fmt.Sprintf("%d-%x-%d-k", number, seg.Checksum, len(data))}, nil
}

// Sheet implements Asset: clips have no thumbnails.
func (a clipAsset) Sheet(context.Context, uint64) ([]byte, error) { return nil, ErrNoSegment }

// stored is a segment that lies in a file.
type stored struct {
	file *io.SectionReader
	tag  string
}

func (b *stored) Size() int64   { return b.file.Size() }
func (b *stored) Tag() string   { return b.tag }
func (b *stored) Bytes() []byte { return nil }

// Open implements Body.
func (b *stored) Open(_ context.Context, from, to int64) (io.ReadCloser, error) {
	return &storedReader{io.NewSectionReader(b.file, from, to-from)}, nil
}

// storedBuffer is how much of a file is read and sent at a time.
const storedBuffer = 256 << 10

var storedBuffers = sync.Pool{New: func() any { return new([storedBuffer]byte) }}

type storedReader struct{ *io.SectionReader }

// WriteTo implements io.WriterTo.
func (r *storedReader) WriteTo(w io.Writer) (int64, error) {
	buf := storedBuffers.Get().(*[storedBuffer]byte) //nolint:forcetypeassert // nothing else is put into it
	defer storedBuffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r.SectionReader}, buf[:])
}

// Close implements io.Closer. The file is the asset's.
func (r *storedReader) Close() error { return nil }
