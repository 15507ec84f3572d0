package isobmff

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// tkhd is the body of a track header of that version with that matrix, of a picture of 1920x1080.
func tkhd(version byte, matrix ...int32) []byte {
	b := make([]byte, 40)
	if version == 1 {
		b = make([]byte, 52)
	}
	b[0] = version
	for _, v := range append(matrix, 1920<<16, 1080<<16) {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}

func TestRotation(t *testing.T) {
	t.Parallel()
	const x, y = 1920 << 16, 1080 << 16
	for name, tc := range map[string]struct {
		matrix []int32
		want   int
	}{
		"none":                  {[]int32{one, 0, 0, 0, one, 0, 0, 0, lastOne}, 0},
		"a quarter":             {[]int32{0, one, 0, -one, 0, 0, y, 0, lastOne}, 90},
		"a half":                {[]int32{-one, 0, 0, 0, -one, 0, x, y, lastOne}, 180},
		"three quarters":        {[]int32{0, -one, 0, one, 0, 0, 0, x, lastOne}, 270},
		"not moved back":        {[]int32{0, one, 0, -one, 0, 0, 0, 0, lastOne}, 90},
		"moved far away":        {[]int32{0, -one, 0, one, 0, 0, -1 << 31, 1<<31 - 1, lastOne}, 270},
		"nothing":               {make([]int32, 9), 0},
		"mirrored":              {[]int32{-one, 0, 0, 0, one, 0, x, 0, lastOne}, 0},
		"mirrored and turned":   {[]int32{0, one, 0, one, 0, 0, 0, 0, lastOne}, 0},
		"half as large":         {[]int32{0, one / 2, 0, -one / 2, 0, 0, y, 0, lastOne}, 0},
		"twice as wide":         {[]int32{0, 2 * one, 0, -one, 0, 0, y, 0, lastOne}, 0},
		"an eighth":             {[]int32{46341, 46341, 0, -46341, 46341, 0, 0, 0, lastOne}, 0},
		"almost a quarter":      {[]int32{1, one, 0, -one, 0, 0, y, 0, lastOne}, 0},
		"in perspective":        {[]int32{0, one, 1, -one, 0, 0, y, 0, lastOne}, 0},
		"in perspective, below": {[]int32{0, one, 0, -one, 0, -1, y, 0, lastOne}, 0},
		"another last number":   {[]int32{0, one, 0, -one, 0, 0, y, 0, one}, 0},
		"smallest numbers":      {[]int32{0, -1 << 31, 0, -1 << 31, 0, 0, -1 << 31, 0, lastOne}, 0},
	} {
		for version := range byte(2) {
			body := tkhd(version, tc.matrix...)
			require.Equal(t, tc.want, Rotation(body), "%s, version %d", name, version)
			require.Zero(t, Rotation(body[:len(body)-9]), "%s, cut off", name)
		}
	}
	require.Zero(t, Rotation(nil))
	require.Zero(t, Rotation(tkhd(0, 0, one, 0, -one, 0, 0, y, 0, lastOne)[1:]))
}

// Whatever bytes it has, a tkhd asks for one of four turns.
func FuzzRotation(f *testing.F) {
	f.Add([]byte{})
	f.Add(tkhd(0, 0, one, 0, -one, 0, 0, 0, 0, lastOne))
	f.Add(tkhd(1, -one, 0, 0, 0, -one, 0, 0, 0, lastOne)[:88])
	f.Fuzz(func(t *testing.T, b []byte) {
		require.Contains(t, []int{0, 90, 180, 270}, Rotation(b))
	})
}
