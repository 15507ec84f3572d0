package vod

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// boxOf is a box with that body.
func boxOf(name string, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(all))), name...), all...)
}

// withSMPB puts the item behind all else in a moov that ends a file.
func withSMPB(t *testing.T, data []byte, text string) []byte {
	t.Helper()
	full := []byte{0, 0, 0, 0}
	item := boxOf("----", boxOf("mean", full, []byte("com.apple.iTunes")), boxOf("name", full, []byte(iTunSMPB)),
		boxOf("data", []byte{0, 0, 0, 1}, full, []byte(text)))
	udta := boxOf("udta", boxOf("meta", full, boxOf("ilst", boxOf("----"), item)))
	at := bytes.LastIndex(data, []byte("moov")) - 4
	require.Equal(t, len(data)-at, int(binary.BigEndian.Uint32(data[at:])))
	data = append(bytes.Clone(data), udta...)
	binary.BigEndian.PutUint32(data[at:], uint32(len(data)-at))
	return data
}

// Files of encoders that write no edit list are presented without delay and padding all the same.
func TestEncoderDelayInMetadata(t *testing.T) {
	t.Parallel()
	path := makeMusic(t, "bare.m4a", "-use_editlist", "0", "-fflags", "+bitexact", "-map_metadata", "-1")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	read := func(data []byte) *Track {
		x, err := Read(t.Context(), inMemory(data))
		require.NoError(t, err)
		require.Len(t, x.Tracks, 1)
		require.Empty(t, x.Tracks[0].Why)
		return x.Tracks[0]
	}
	plain := read(data)
	all := plain.Samples.Stats().End
	require.Zero(t, plain.Shift)
	require.Equal(t, all, plain.End)

	track := read(withSMPB(t, data, " 00000000 00000400 000001CA 0000000000035D54 00000000 00000000"))
	require.EqualValues(t, -1024, track.Shift)
	require.EqualValues(t, 0, track.Start)
	require.EqualValues(t, 5*44100, track.End)
	require.Contains(t, track.Edits, iTunSMPB)

	for _, text := range []string{"", " 0 1 2", " 0 x 0 1", " 0 0 0 0", " 0 FFFFFFFFFF 0 1"} {
		require.Equal(t, all, read(withSMPB(t, data, text)).End)
	}
}
