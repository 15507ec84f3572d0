package library

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"weir/packager/vod"
)

// blockSize is how many bytes are read at once, and before those who wait are told.
const blockSize = 128 << 10

// buffers are for what is read: a file may have its tracks in turns frame by frame.
var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, blockSize) }}

// run makes the reads of a plan. The flights of what they make end with it.
func run(ctx context.Context, files []vod.File, reads []read, made []*load) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	for _, l := range made {
		data := make([]byte, l.segment.Size)
		l.told = int64(copy(data, l.segment.Head))
		l.flight.begin(data, int(l.told))
	}
	for i := range reads {
		if err := runRead(ctx, files, &reads[i]); err != nil {
			return err
		}
	}
	return nil
}

func runRead(ctx context.Context, files []vod.File, r *read) (err error) {
	if r.file < 0 || r.file >= len(files) {
		return fmt.Errorf("file %d of %d", r.file, len(files))
	}
	from, err := files[r.file].Open(ctx, r.offset, r.size)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read
	in := buffers.Get().(*bufio.Reader)
	in.Reset(from)
	defer func() {
		in.Reset(nil)
		buffers.Put(in)
	}()
	at := r.offset
	for _, p := range r.pieces {
		if _, err := in.Discard(int(p.offset - at)); err != nil {
			return early(err, at)
		}
		data := p.load.flight.data // nobody else writes it, and nobody reads what is not filled
		for done := int64(0); done < p.size; {
			n := min(p.size-done, blockSize)
			if _, err := io.ReadFull(in, data[p.at+done:p.at+done+n]); err != nil {
				return early(err, p.offset+done)
			}
			done += n
			p.load.note(p.at + done)
		}
		at = p.offset + p.size
	}
	return nil
}

// early is the error of a file that ended before what was to be read of it.
func early(err error, at int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends early, behind %d: %w", at, io.ErrUnexpectedEOF)
	}
	return err
}

// direct is the body of a segment that is too large for the memory: each who asks for it has it read for himself.
type direct struct {
	files   []vod.File
	segment vod.Segment
	tag     string
	gap     int64
}

func (b *direct) Size() int64   { return b.segment.Size }
func (b *direct) Tag() string   { return b.tag }
func (b *direct) Bytes() []byte { return nil }

// Open implements Body.
func (b *direct) Open(ctx context.Context, from, to int64) (io.ReadCloser, error) {
	l := &load{segment: b.segment}
	reads, _ := plan(l, nil, b.gap, nil)
	r := &directReader{ctx: ctx, body: b, reads: reads, from: from, to: to}
	if err := r.next(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return r, nil
}

// directReader reads a segment piece by piece.
type directReader struct {
	ctx      context.Context
	body     *direct
	reads    []read
	from, to int64 // what is still to be read of the segment

	open io.ReadCloser // of reads[0]
	at   int64         // where it stands in the file
}

// next opens the file for what comes behind the head, if it is not open.
func (r *directReader) next() error {
	for r.open == nil {
		if len(r.reads) == 0 {
			return io.EOF
		}
		head := &r.reads[0]
		for len(head.pieces) > 0 && head.pieces[0].at+head.pieces[0].size <= r.from {
			head.pieces = head.pieces[1:]
		}
		if len(head.pieces) == 0 {
			r.reads = r.reads[1:]
			continue
		}
		p := head.pieces[0]
		r.at = p.offset + max(0, r.from-p.at)
		var err error
		if r.open, err = r.body.files[head.file].Open(r.ctx, r.at, head.offset+head.size-r.at); err != nil {
			return err
		}
	}
	return nil
}

// Read implements io.Reader.
func (r *directReader) Read(b []byte) (int, error) {
	if r.from >= r.to {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), r.to-r.from)]
	if head := r.body.segment.Head; r.from < int64(len(head)) {
		n := copy(b, head[r.from:])
		r.from += int64(n)
		return n, nil
	}
	if err := r.next(); err != nil {
		return 0, early(err, r.at)
	}
	p := &r.reads[0].pieces[0]
	in := p.offset + r.from - p.at // where the next byte lies in the file
	if _, err := io.CopyN(io.Discard, r.open, in-r.at); err != nil {
		return 0, early(err, r.at)
	}
	r.at = in
	n, err := r.open.Read(b[:min(int64(len(b)), p.offset+p.size-in)])
	r.at += int64(n)
	r.from += int64(n)
	if r.at == p.offset+p.size {
		if r.reads[0].pieces = r.reads[0].pieces[1:]; len(r.reads[0].pieces) == 0 {
			_ = r.open.Close()
			r.open = nil
		}
		return n, nil
	}
	if err != nil {
		return n, early(err, r.at)
	}
	return n, nil
}

// Close implements io.Closer.
func (r *directReader) Close() error {
	if r.open == nil {
		return nil
	}
	return r.open.Close()
}
