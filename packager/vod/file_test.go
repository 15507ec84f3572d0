package vod

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
)

// memory is a File in memory that counts what is read of it. Beyond its bytes it has zeros, up to its size.
type memory struct {
	data  []byte
	size  int64
	parts map[int64][]byte // that lie elsewhere than at the beginning
	opens atomic.Int64
	read  atomic.Int64
	open  atomic.Int64 // at the moment
	most  atomic.Int64 // that were open at the same time
}

func inMemory(data []byte) *memory { return &memory{data: data, size: int64(len(data))} }

func (m *memory) Size() int64 { return m.size }

func (m *memory) Open(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	m.opens.Add(1)
	m.read.Add(length)
	if offset < 0 || length < 0 || length > m.size-offset {
		return nil, errors.New("the range lies outside of the file")
	}
	if length > 256<<20 {
		return nil, errors.New("that is too much")
	}
	data := make([]byte, length)
	put := func(at int64, part []byte) {
		if from := max(at-offset, 0); from < length && at+int64(len(part)) > offset {
			copy(data[from:], part[max(offset-at, 0):])
		}
	}
	put(0, m.data)
	for at, part := range m.parts {
		put(at, part)
	}
	for n := m.open.Add(1); ; {
		if most := m.most.Load(); n <= most || m.most.CompareAndSwap(most, n) {
			break
		}
	}
	runtime.Gosched() // others that are on their way come too
	return &memoryReader{bytes.NewReader(data), m}, nil
}

// memoryReader is a range of a memory.
type memoryReader struct {
	io.Reader
	of *memory
}

func (r *memoryReader) Close() error {
	r.of.open.Add(-1)
	return nil
}

// load is a file of that path in memory.
func load(t testing.TB, path string) *memory {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return inMemory(data)
}
