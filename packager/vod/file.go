package vod

import (
	"context"
	"errors"
	"io"
)

// File is the bytes of a file, at one state of it. It may be read by several at the same time. Reading from one that has changed fails with
// an error that the File's owner makes.
type File interface {
	Size() int64
	// Open begins to read length bytes from offset on: one range request. What it gives ends after that many bytes, or with an error
	// other than io.EOF. The range lies within the file.
	Open(ctx context.Context, offset, length int64) (io.ReadCloser, error)
}

// ErrFile is wrapped by errors about what a file holds: broken, or not supported. The text says what and where, for operators. Other errors
// of Read are those of the File.
var ErrFile = errors.New("file cannot be packaged")
