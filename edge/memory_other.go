//go:build !linux || (!amd64 && !arm64)

package edge

import "errors"

const hugePage = 2 << 20 // bytes

// memoryFile is a file that is memory. There is none here.
type memoryFile struct{}

func newMemoryFile(int) (memoryFile, error) { return memoryFile{}, errors.ErrUnsupported }

func (memoryFile) write([]byte, int64) error { return errors.ErrUnsupported }

func (memoryFile) close() {}

type fileSender struct{}

func (c *connection) sendFile([]byte, place, int) (int, error) { return 0, errors.ErrUnsupported }
