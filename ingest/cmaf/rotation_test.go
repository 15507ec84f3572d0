package cmaf

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/isobmff"
	"weir/internal/media"
	"weir/packager"
)

// What a sender's tracks are turned by goes on to who packages them.
func TestRotationOfAHeader(t *testing.T) {
	t.Parallel()
	config, err := hex.DecodeString("0164001effe100196764001eacd940a02ff9610000030001000003003c8f162d9601000568ebecb22cfdf8f800")
	require.NoError(t, err)
	f := media.Format{Codec: media.AVC, Config: config, Clock: media.Clock{Timescale: 90000}}
	for _, f.Rotation = range []int{0, 90, 180, 270} {
		data, err := packager.Header(f)
		require.NoError(t, err)
		h, err := parseHeader(isobmff.Child(data, "moov"))
		require.NoError(t, err)
		require.Len(t, h.tracks, 1)
		require.Equal(t, f.Rotation, h.tracks[0].format.Rotation)
	}
}
