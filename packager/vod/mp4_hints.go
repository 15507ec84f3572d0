package vod

import (
	"context"
	"encoding/binary"
	"slices"

	"golang.org/x/sync/errgroup"

	"weir/internal/isobmff"
)

// A file of large fragments has its moofs one by one, far from each other: over a network each costs a round trip. Many files tell where they are,
// in a sidx before the first or an mfra at the end. That is taken for a hint: several are read at the same time, and what is not where it is
// said to be is read when it is found.
const (
	hintTail  = 16 << 10 // what is read of the end of the file, for mfra
	maxHints  = 1 << 17
	maxMfra   = 8 << 20
	together  = 8  // ranges that are read at the same time
	batch     = 32 // that are read ahead
	fewestFor = 4  // hints that are worth it
)

// sidx takes in the hints of a segment index (ISO/IEC 14496-12, 8.16.3), which ends at that offset.
func (m *movie) sidx(body []byte, end int64) {
	f := fields{rest: body}
	version := f.u32() >> 24
	f.u64() // reference_ID, timescale
	at := end
	if version == 0 {
		f.u32()
		at += int64(f.u32())
	} else {
		f.u64()
		at += int64(f.u64() & (1<<62 - 1))
	}
	for n := f.u32() & 0xffff; n > 0 && !f.short && len(m.hints) < maxHints; n-- {
		size := f.u32()
		f.u64()
		if size>>31 == 0 && at >= 0 { // else it is of another index
			m.hints = append(m.hints, at)
		}
		at += int64(size & (1<<31 - 1))
	}
}

// mfra takes in the hints of the movie fragment random access box (8.8.9), if the file ends with one.
func (m *movie) mfra() error {
	size := m.w.f.Size()
	n := min(size, hintTail)
	tail, err := appendRange(m.w.ctx, nil, m.w.f, size-n, n)
	if err != nil || n < 16 || string(tail[n-12:n-8]) != "mfro" {
		return err
	}
	length := int64(binary.BigEndian.Uint32(tail[n-4:]))
	if length > min(size, maxMfra) || length < 16 {
		return nil
	}
	if length > n {
		if tail, err = appendRange(m.w.ctx, nil, m.w.f, size-length, length); err != nil {
			return err
		}
		n = length
	}
	for _, tfra := range isobmff.Children(isobmff.Child(tail[n-length:], "mfra"), "tfra") {
		f := fields{rest: tfra}
		version := f.u32() >> 24
		f.u32()
		sizes := f.u32()
		skip := int(sizes>>4&3 + sizes>>2&3 + sizes&3 + 3)
		for count := f.u32(); count > 0 && !f.short && len(m.hints) < maxHints; count-- {
			at := int64(0)
			if version == 1 {
				f.u64()
				at = int64(f.u64() & (1<<62 - 1))
			} else {
				f.u32()
				at = int64(f.u32())
			}
			f.skip(skip)
			m.hints = append(m.hints, at)
		}
	}
	return nil
}

// skip passes over bytes.
func (f *fields) skip(n int) {
	if len(f.rest) < n {
		f.short, f.rest = true, nil
		return
	}
	f.rest = f.rest[n:]
}

// prefetch reads the fragments from that offset on, if they are large, it is known where they are, and this one is not there yet.
func (m *movie) prefetch(offset int64) error {
	if m.fragments < 2 || m.distance <= smallFragment || m.w.has(offset) {
		return nil
	}
	if !m.hinted {
		m.hinted = true
		if len(m.hints) == 0 {
			if err := m.mfra(); err != nil {
				return err
			}
		}
		slices.Sort(m.hints)
		m.hints = slices.Compact(m.hints)
	}
	i, here := slices.BinarySearch(m.hints, offset)
	next := m.hints[i:]
	for k, at := range next {
		if k == batch || at >= m.w.f.Size() {
			next = next[:k]
			break
		}
	}
	if !here || len(next) < fewestFor {
		return nil
	}
	read := make([][]byte, len(next))
	group, ctx := errgroup.WithContext(m.w.ctx)
	group.SetLimit(together)
	for k, at := range next {
		group.Go(func() error {
			var err error
			read[k], err = readHint(ctx, m.w.f, at, m.near())
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	m.w.fetched = make(map[int64][]byte, len(next))
	for k, at := range next {
		m.w.fetched[at] = read[k]
	}
	return nil
}

func readHint(ctx context.Context, f File, at, length int64) ([]byte, error) {
	return appendRange(ctx, nil, f, at, min(length, f.Size()-at))
}
