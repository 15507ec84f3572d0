package rtmp

import (
	"bufio"
	"bytes"
	"errors"
	"testing"
)

// ffmpeg sends a type 3 chunk after a type 0 chunk when the difference of the timestamps is the first timestamp itself.
func TestTypeThreeAfterTypeZeroRepeatsTheTimestamp(t *testing.T) {
	t.Parallel()
	r := newChunkReader(bufio.NewReader(bytes.NewReader([]byte{
		4, 0, 0, 23, 0, 0, 1, typeAudio, 1, 0, 0, 0, 'a', // at 23
		3<<6 | 4, 'b', // 23 later
		2<<6 | 4, 0, 0, 5, 'c', // 5 later
		3<<6 | 4, 'd', // 5 later
	})))
	for _, want := range []uint32{23, 46, 51, 56} {
		m, err := r.read()
		if err != nil {
			t.Fatal(err)
		}
		if m.Time != want || m.Stream != 1 {
			t.Errorf("%s at %d of stream %d, want %d", m.Body, m.Time, m.Stream, want)
		}
	}
}

// Extended timestamps come in type 3 chunks too, or do not, or as zeros.
func TestExtendedTimestamps(t *testing.T) {
	t.Parallel()
	for name, repeated := range map[string][]byte{"repeated": {1, 2, 3, 4}, "left out": {}, "zeros": {0, 0, 0, 0}} {
		var b bytes.Buffer
		b.Write([]byte{2, 0, 0, 0, 0, 0, 4, typeSetChunkSize, 0, 0, 0, 0, 0, 0, 0, 8})
		b.Write([]byte{0, 10, 0xff, 0xff, 0xff, 0, 0, 12, typeVideo, 1, 0, 0, 0, 1, 2, 3, 4}) // chunk stream 74
		b.WriteString("abcdefgh")
		b.Write([]byte{3 << 6, 10})
		b.Write(repeated)
		b.WriteString("ijkl")
		m, err := newChunkReader(bufio.NewReader(&b)).read()
		if err != nil || m.Time != 0x01020304 || string(m.Body) != "abcdefghijkl" {
			t.Errorf("%s: %d %q %v", name, m.Time, m.Body, err)
		}
	}
}

func TestChunkBounds(t *testing.T) {
	t.Parallel()
	many := bytes.Buffer{}
	for id := byte(2); id < 40; id++ { // each begins a message of 64 KiB that never ends
		many.Write([]byte{id, 0, 0, 0, 0, 0xff, 0xff, typeVideo, 0, 0, 0, 0})
		many.Write(make([]byte, firstChunkSize))
	}
	for name, b := range map[string][]byte{
		"chunk size 0":            {2, 0, 0, 0, 0, 0, 4, typeSetChunkSize, 0, 0, 0, 0, 0, 0, 0, 0},
		"type 3 first":            {3<<6 | 4},
		"large message":           {4, 0, 0, 0, 1, 0, 1, typeVideo, 0, 0, 0, 0},
		"many unfinished":         many.Bytes(),
		"type 0 inside a message": append(append([]byte{4, 0, 0, 0, 0, 1, 0, typeVideo, 0, 0, 0, 0}, make([]byte, 128)...), 4),
	} {
		if m, err := newChunkReader(bufio.NewReader(bytes.NewReader(b))).read(); !errors.Is(err, errProtocol) {
			t.Errorf("%s: %v %v", name, m, err)
		}
	}
}
