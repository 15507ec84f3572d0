package movie

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/clip/cliptest"
	"weir/internal/isobmff"
	"weir/manifest/manifesttest"
)

// A clip of pictures that are turned has them turned.
func TestMovieKeepsRotation(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(0)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"))
	c.Rows(2, 2*time.Second, 100_000)
	f := cliptest.Fill(c.Window(), 1)
	track := f.Window.Tracks[0]
	header := cliptest.Header(track)
	tkhd := isobmff.Child(header, "moov", "trak", "tkhd") // of the header itself, not a copy
	for i, v := range []int32{0, 1 << 16, 0, -1 << 16, 0, 0, 720 << 16, 0, 1 << 30} {
		binary.BigEndian.PutUint32(tkhd[40+4*i:], uint32(v))
	}
	b := NewBuilder(t.TempDir())
	defer b.Close()
	data := f.Window.Rows.At(0).Segments[0].Data
	require.NoError(t, b.Add(track, header, 0, 0, data))
	var head bytes.Buffer
	_, err := b.Finish(&head, io.Discard)
	require.NoError(t, err)
	got := isobmff.Child(head.Bytes(), "moov", "trak", "tkhd")
	require.Equal(t, 90, isobmff.Rotation(got))
	require.Equal(t, tkhd[40:84], got[40:84], "matrix and size")
}
