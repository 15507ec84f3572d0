package cmaf

import "bytes"

// fields reads numbers off a box that is held. Past its end it gives zeros, and short is true.
type fields struct {
	b     []byte
	short bool
}

func (f *fields) bytes(n int) []byte {
	if n < 0 || n > len(f.b) {
		f.b, f.short = nil, true
		return nil
	}
	p := f.b[:n]
	f.b = f.b[n:]
	return p
}

func (f *fields) uint(n int) uint64 {
	v := uint64(0)
	for _, c := range f.bytes(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

func (f *fields) u32() uint32 { return uint32(f.uint(4)) }

// word is a field of 64 bits where long, else of 32.
func (f *fields) word(long bool) uint64 {
	if long {
		return f.uint(8)
	}
	return f.uint(4)
}

// full reads version and flags of a FullBox (ISO/IEC 14496-12, 4.2.2).
func (f *fields) full() (version byte, flags uint32) {
	v := f.u32()
	return byte(v >> 24), v & 0xffffff
}

// text reads a string that ends with a zero byte.
func (f *fields) text() string {
	n := bytes.IndexByte(f.b, 0)
	if n < 0 {
		f.b, f.short = nil, true
		return ""
	}
	s := string(f.b[:n])
	f.b = f.b[n+1:]
	return s
}
