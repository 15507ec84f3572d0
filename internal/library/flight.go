package library

import (
	"bytes"
	"context"
	"io"
	"sync"

	"weir/packager/vod"
)

// flight is a segment that is being read. All who ask for it meanwhile read from it.
type flight struct {
	key  key
	size int64
	head int  // bytes of it that are not read
	lent bool // another edge is asked for it first

	mu     sync.Mutex
	wake   sync.Cond // something has changed
	data   []byte    // of size bytes; nil: it has not begun
	filled int       // bytes of data that are there
	err    error     // it ends here
	ended  bool
}

func newFlight(k key, of *vod.Segment) *flight {
	f := &flight{key: k, size: of.Size, head: len(of.Head)}
	f.wake.L = &f.mu
	return f
}

// begin gives it its memory, the head of the segment is there.
func (f *flight) begin(data []byte, head int) {
	f.mu.Lock()
	f.data, f.filled = data, head
	f.mu.Unlock()
}

// fill tells that bytes are there up to n.
func (f *flight) fill(n int) {
	f.mu.Lock()
	f.filled = n
	f.mu.Unlock()
	f.wake.Broadcast()
}

// end ends it; nil: all is there.
func (f *flight) end(err error) {
	f.mu.Lock()
	f.err, f.ended = err, true
	if err == nil {
		f.filled = len(f.data)
	}
	f.mu.Unlock()
	f.wake.Broadcast()
}

// begun waits until there is more than the head of the segment, for whether its media can be read is not known before, or an error instead.
func (f *flight) begun() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.until(f.head)
	if f.data != nil && f.filled > f.head {
		return nil
	}
	return f.err
}

// until waits until more than n bytes are there, or all, or there will not be more. f.mu is held.
func (f *flight) until(n int) {
	for f.err == nil && (f.data == nil || f.filled < len(f.data) && f.filled <= n) {
		f.wake.Wait()
	}
}

// await is what is there behind at, as soon as there is anything.
func (f *flight) await(at int) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.until(at)
	if f.data != nil && f.filled > at {
		return f.data[at:f.filled], nil
	}
	if f.err != nil {
		return nil, f.err
	}
	return nil, io.EOF
}

// wait waits until it has ended.
func (f *flight) wait() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for !f.ended {
		f.wake.Wait()
	}
}

// boarded is the body of a segment that is being read. Its waiting ends with the flight, whose reading has deadlines.
type boarded struct {
	flight *flight
	tag    string
}

func (b *boarded) Size() int64   { return b.flight.size }
func (b *boarded) Tag() string   { return b.tag }
func (b *boarded) Bytes() []byte { return nil }

// Open implements Body.
func (b *boarded) Open(_ context.Context, from, to int64) (io.ReadCloser, error) {
	if err := b.flight.begun(); err != nil {
		return nil, err
	}
	return &follower{flight: b.flight, at: int(from), to: int(to)}, nil
}

// follower reads from a flight.
type follower struct {
	flight *flight
	at, to int
}

// Read implements io.Reader.
func (r *follower) Read(p []byte) (int, error) {
	if r.at >= r.to {
		return 0, io.EOF
	}
	there, err := r.flight.await(r.at)
	if err != nil {
		return 0, err
	}
	n := copy(p, there[:min(len(there), r.to-r.at)])
	r.at += n
	return n, nil
}

// WriteTo implements io.WriterTo: nothing is copied on the way.
func (r *follower) WriteTo(w io.Writer) (int64, error) {
	written := int64(0)
	for r.at < r.to {
		there, err := r.flight.await(r.at)
		if err != nil {
			return written, err
		}
		n, err := w.Write(there[:min(len(there), r.to-r.at)])
		r.at += n
		if written += int64(n); err != nil {
			return written, err
		}
	}
	return written, nil
}

// Close implements io.Closer.
func (r *follower) Close() error { return nil }

// inMemory is the body of a segment in memory.
type inMemory struct {
	data []byte
	tag  string
}

func (b *inMemory) Size() int64   { return int64(len(b.data)) }
func (b *inMemory) Tag() string   { return b.tag }
func (b *inMemory) Bytes() []byte { return b.data }

// Open implements Body. It is for who does not look at Bytes.
func (b *inMemory) Open(_ context.Context, from, to int64) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b.data[from:to])), nil
}
