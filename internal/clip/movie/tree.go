package movie

import (
	"bufio"
	"encoding/binary"
	"fmt"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
)

// node is a box, or bytes in one, whose size is known before it is written.
type node interface {
	size() int64
	write(w *bufio.Writer) error
}

// container is a box that consists of other boxes.
type container struct {
	name string
	of   []node
}

func (c *container) size() int64 {
	n := int64(8)
	for _, k := range c.of {
		n += k.size()
	}
	return n
}

func (c *container) write(w *bufio.Writer) error {
	if err := writeBoxHeader(w, c.name, c.size()); err != nil {
		return err
	}
	for _, k := range c.of {
		if err := k.write(w); err != nil {
			return err
		}
	}
	return nil
}

// leaf is bytes.
type leaf []byte

func (l leaf) size() int64 { return int64(len(l)) }

func (l leaf) write(w *bufio.Writer) error {
	_, err := w.Write(l)
	return err
}

// encoded is a box of mp4ff's.
func encoded(b mp4.Box) (leaf, error) {
	w := bits.NewFixedSliceWriter(int(b.Size()))
	if err := b.EncodeSW(w); err != nil {
		return nil, fmt.Errorf("encode %s: %w", b.Type(), err)
	}
	return leaf(w.Bytes()), nil
}

// array is a full box that is a list of numbers of 32 bits, which are made when it is written.
type array struct {
	name  string
	flags uint32   // with the version
	fixed []uint32 // in front of the list
	n     int64    // numbers in the list
	make  func(put func(...uint32) error) error
}

func (a *array) size() int64 { return 12 + 4*int64(len(a.fixed)) + 4*a.n }

func (a *array) write(w *bufio.Writer) error {
	if err := writeBoxHeader(w, a.name, a.size()); err != nil {
		return err
	}
	written := -int64(1 + len(a.fixed))
	put := func(values ...uint32) error {
		b := w.AvailableBuffer()
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		written += int64(len(values))
		_, err := w.Write(b)
		return err
	}
	if err := put(append([]uint32{a.flags}, a.fixed...)...); err != nil {
		return err
	}
	if err := a.make(put); err != nil {
		return fmt.Errorf("%s: %w", a.name, err)
	}
	if written != a.n {
		return fmt.Errorf("%s: %d numbers were written instead of %d", a.name, written, a.n)
	}
	return nil
}

func writeBoxHeader(w *bufio.Writer, name string, size int64) error {
	if !fits32(size) {
		return fmt.Errorf("%s of %d bytes", name, size)
	}
	b := binary.BigEndian.AppendUint32(w.AvailableBuffer(), uint32(size))
	_, err := w.Write(append(b, name...))
	return err
}
