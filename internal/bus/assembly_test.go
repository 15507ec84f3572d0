package bus

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func part(segment uint64, i, n int, data []byte) *message {
	return &message{address: address{Track: "v1", Segment: segment, Part: i}, header: header{Epoch: 1, Timescale: 1, Parts: n}, Data: data}
}

func TestPartsInAnyOrderMakeTheChunk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 20), 2, 20).Draw(t, "parts")
		indexes := make([]int, len(parts))
		for i := range indexes {
			indexes[i] = i
		}
		var s assembly
		for n, i := range rapid.Permutation(indexes).Draw(t, "order") {
			data, err := s.add(part(1, i, len(parts), parts[i]))
			require.NoError(t, err)
			if n < len(parts)-1 {
				require.Nil(t, data)
				continue
			}
			require.Equal(t, bytes.Join(parts, nil), data)
		}
		require.Zero(t, s.bytes)
		require.Empty(t, s.chunks)
	})
}

func TestPartsThatNeverComeAreForgotten(t *testing.T) {
	t.Parallel()
	var s assembly
	for n := range uint64(1000) {
		data, err := s.add(part(n, 0, 2, make([]byte, 1000)))
		require.NoError(t, err)
		require.Nil(t, data)
		require.LessOrEqual(t, len(s.chunks), maxAssemblies)
	}
	require.Equal(t, maxAssemblies*1000, s.bytes)
	s.drop("v1", 999)
	require.Equal(t, (maxAssemblies-1)*1000, s.bytes)
	_, err := s.add(part(998, 0, 2, []byte("twice")))
	require.ErrorIs(t, err, ErrMalformed)
	other := part(998, 1, 2, []byte("of another run"))
	other.Run = 5
	_, err = s.add(other)
	require.ErrorIs(t, err, ErrMalformed)
	big := make([]byte, maxChunk)
	_, err = s.add(part(998, 1, 2, big))
	require.ErrorIs(t, err, ErrMalformed)
	for n := range uint64(4) { // a few large ones push the others out
		_, err = s.add(part(2000+n, 0, 2, big))
		require.NoError(t, err)
		require.LessOrEqual(t, s.bytes, maxAssembling)
	}
}
