package vod

import (
	"context"
	"errors"
	"fmt"
)

// firstRange is how much of a file is read first: in most, the index is in it.
const firstRange = 64 << 10

// container is a way to read an index.
type container struct {
	is   func(head []byte) bool // by the file's first bytes, firstRange at most
	read func(w *window) (*Index, error)
}

// containers are what can be read, in the order in which they are tried.
func containers() []container {
	return []container{
		{isMP4, readMP4},
		{isText, readText},
		{func([]byte) bool { return true }, readMusic}, // it may begin with garbage
	}
}

// Read indexes a file, by what its first bytes are, not by its name. It reads few, large ranges: of an MP4 whose moov is at its beginning or
// end at most three. Errors wrap ErrFile where the file is to blame; else they are those of the File. Tracks that do not play are in the
// index, with the reason.
func Read(ctx context.Context, f File) (*Index, error) {
	size := f.Size()
	if size <= 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrFile)
	}
	w := &window{ctx: ctx, f: f}
	head, err := w.bytes(0, min(size, firstRange), 0)
	if err != nil {
		return nil, err
	}
	for _, c := range containers() {
		if !c.is(head) {
			continue
		}
		x, err := c.read(w)
		if errors.Is(err, errNoFrames) {
			continue
		}
		if err != nil {
			return nil, err
		}
		x.Size = size
		return x, nil
	}
	return nil, fmt.Errorf("%w: it begins with % x, which is no format that is known", ErrFile, head[:min(len(head), 8)])
}
