package movie

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// table is a growing file of numbers that has no name: it is gone with the process.
type table struct {
	f *os.File
	w *bufio.Writer
}

// tableBuffer is the size of a table's buffer in bytes.
const tableBuffer = 16 << 10

func newTable(dir string) (*table, error) {
	f, err := os.CreateTemp(dir, ".table-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary table: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("make a temporary table: %w", err), f.Close())
	}
	return &table{f: f, w: bufio.NewWriterSize(f, tableBuffer)}, nil
}

// put appends numbers of 32 bits.
func (t *table) put(values ...uint32) error {
	b := t.w.AvailableBuffer()
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	_, err := t.w.Write(b)
	return err
}

// putLong appends a number of 64 bits.
func (t *table) putLong(v uint64) error { return t.put(uint32(v>>32), uint32(v)) }

// read begins to read the table from its start. Nothing may be appended while it is read.
func (t *table) read() (*tableReader, error) {
	if err := t.w.Flush(); err != nil {
		return nil, err
	}
	return &tableReader{r: bufio.NewReaderSize(io.NewSectionReader(t.f, 0, 1<<62), tableBuffer)}, nil
}

func (t *table) close() error { return t.f.Close() }

// tableReader reads a table in order.
type tableReader struct {
	r   *bufio.Reader
	buf [8]byte
}

func (r *tableReader) u32() (uint32, error) {
	if _, err := io.ReadFull(r.r, r.buf[:4]); err != nil {
		return 0, fmt.Errorf("read a temporary table: %w", err)
	}
	return binary.BigEndian.Uint32(r.buf[:]), nil
}

func (r *tableReader) u64() (uint64, error) {
	if _, err := io.ReadFull(r.r, r.buf[:8]); err != nil {
		return 0, fmt.Errorf("read a temporary table: %w", err)
	}
	return binary.BigEndian.Uint64(r.buf[:]), nil
}
