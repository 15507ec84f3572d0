package hls

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/flate"
)

// zipLevel is where klauspost/compress gets most for its time on playlists.
const zipLevel = 5

// Playlist is a rendered playlist. It is immutable.
type Playlist struct {
	// Text is the playlist. Nobody may change it.
	Text []byte

	pieces []piece // that are cached in compressed form, in order
	zips   *zips
}

// piece is where the text of a block lies in a playlist.
type piece struct {
	at    int
	block *block
}

// once is a value that is made when it is first asked for.
type once struct {
	sync.Once
	data []byte
}

// zips is a pool of compressors.
type zips struct{ pool sync.Pool }

// deflate appends text to out in a form that stands for itself and ends on a byte: a stretch of a deflate stream that refers to nothing before it
// (RFC 1951, 3.2.3; the empty stored block at its end is what zlib calls a sync flush).
func (z *zips) deflate(out *bytes.Buffer, text []byte) error {
	w, ok := z.pool.Get().(*flate.Writer)
	if !ok {
		var err error
		if w, err = flate.NewWriter(out, zipLevel); err != nil {
			return err
		}
	}
	defer z.pool.Put(w)
	w.Reset(out)
	if _, err := w.Write(text); err != nil {
		return err
	}
	return w.Flush()
}

// block is b in compressed form, which is kept.
func (z *zips) block(b *block) []byte {
	b.zip.Do(func() {
		var out bytes.Buffer
		if err := z.deflate(&out, b.text); err == nil {
			b.zip.data = bytes.Clone(out.Bytes())
		}
	})
	return b.zip.data
}

const (
	gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" // deflate, no name, no time, system not known (RFC 1952, 2.3)
	lastBlock  = "\x03\x00"                                 // of a deflate stream: without content
)

// Gzip is the text as one gzip member, or nil where that is not shorter. Blocks of rows are compressed once, when the first playlist that has
// them is; what is left to do is the rest, and a checksum over all.
func (p *Playlist) Gzip() []byte {
	var out bytes.Buffer
	out.Grow(len(p.Text)/8 + 512)
	out.WriteString(gzipHeader)
	at := 0
	for _, one := range p.pieces {
		data := p.zips.block(one.block)
		if data == nil {
			continue // it is compressed with the text behind it
		}
		if at < one.at && p.zips.deflate(&out, p.Text[at:one.at]) != nil {
			return nil
		}
		out.Write(data)
		at = one.at + len(one.block.text)
	}
	if at < len(p.Text) && p.zips.deflate(&out, p.Text[at:]) != nil {
		return nil
	}
	out.WriteString(lastBlock)
	tail := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(p.Text))
	out.Write(binary.LittleEndian.AppendUint32(tail, uint32(len(p.Text)))) // modulo 2^32
	if out.Len() >= len(p.Text) {
		return nil
	}
	return out.Bytes()
}
