package packager

import (
	"testing"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// An init segment has the size of the picture that is not turned, and a matrix that turns it and leaves its corner at the top left at (0, 0).
func TestRotationInHeaders(t *testing.T) {
	t.Parallel()
	f := avcFormat(90000, 0)
	upright, err := Describe(f)
	require.NoError(t, err)
	w, h := upright.Width, upright.Height
	require.Greater(t, w, h)
	for rotation, want := range map[int]struct {
		corner        [2]int // where the one at the top left comes to
		width, height int    // as displayed
	}{
		0:   {[2]int{0, 0}, w, h},
		90:  {[2]int{h, 0}, h, w},
		180: {[2]int{w, h}, w, h},
		270: {[2]int{0, w}, h, w},
	} {
		f.Rotation = rotation
		d, err := Describe(f)
		require.NoError(t, err)
		require.Equal(t, []int{want.width, want.height, rotation}, []int{d.Width, d.Height, d.Rotation})
		header, err := Header(f)
		require.NoError(t, err)
		file, err := mp4.DecodeFileSR(bits.NewFixedSliceReader(header))
		require.NoError(t, err)
		tkhd := file.Moov.Trak.Tkhd
		require.Equal(t, []int{w, h}, []int{int(tkhd.Width >> 16), int(tkhd.Height >> 16)}, rotation)
		m := tkhd.Matrix
		to := func(p, q int) [2]int {
			return [2]int{(int(m[0])*p + int(m[3])*q + int(m[6])) >> 16, (int(m[1])*p + int(m[4])*q + int(m[7])) >> 16}
		}
		require.Equal(t, want.corner, to(0, 0), rotation)
		require.Equal(t, [2]int{want.width - want.corner[0], want.height - want.corner[1]}, to(w, h), rotation)
		require.Equal(t, []int32{0, 0, 1 << 30}, []int32{m[2], m[5], m[8]})
	}
}

// Where a feed begins to ask for another rotation, decoders are set up again.
func TestRotationOfFormats(t *testing.T) {
	t.Parallel()
	f := avcFormat(90000, 0)
	turned := f
	turned.Rotation = 90
	require.False(t, f.Equal(turned))
	for _, wrong := range []int{-90, 1, 45, 360, 1 << 40} {
		turned.Rotation = wrong
		_, err := Header(turned)
		require.ErrorIs(t, err, ErrConfig, wrong)
	}
	sound := aacFormat(48000, 48000, 0)
	sound.Rotation = 90
	_, err := Describe(sound)
	require.ErrorIs(t, err, ErrConfig)
	_, err = Describe(media.Format{Codec: media.WVTT, Clock: media.Clock{Timescale: 1000}, Rotation: 180})
	require.ErrorIs(t, err, ErrConfig)
}
