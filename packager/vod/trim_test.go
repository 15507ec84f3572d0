package vod

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// What an encoder put before and behind the music is there as far as decoders need it to begin, and no further.
func TestFramesOutsideOfTheMusicAreLeftOut(t *testing.T) {
	t.Parallel()
	path := makeMusic(t, "x.m4a", "-c:a", "aac")
	x, _ := readPath(t, path)
	stats := x.Tracks[0].Samples.Stats()
	require.EqualValues(t, -1024, stats.First+x.Tracks[0].Shift)
	bare, err := os.ReadFile(makeMusic(t, "bare.m4a", "-use_editlist", "0"))
	require.NoError(t, err)
	for _, c := range []struct{ delay, first int64 }{{1024, -1024}, {2112, 1024 - 2112}, {3000, 1024 - 3000}, {3072, 2048 - 3072}} {
		x, err := Read(t.Context(), inMemory(withSMPB(t, bare, fmt.Sprintf("0 %X 0 %X", c.delay, 200_000))))
		require.NoError(t, err)
		stats := x.Tracks[0].Samples.Stats()
		require.Equal(t, c.first, stats.First+x.Tracks[0].Shift, c.delay)
		require.Less(t, x.Tracks[0].End, stats.Last+x.Tracks[0].Shift)
		require.Greater(t, x.Tracks[0].End, stats.Last+x.Tracks[0].Shift-1024)
	}

	data := join(lameTag(576, 3000), mp3Frames(20))
	x, err = Read(t.Context(), inMemory(data))
	require.NoError(t, err)
	require.Equal(t, 20-(3000-529)/1152, x.Tracks[0].Samples.Len())
	require.EqualValues(t, 20*1152-576-3000, x.Tracks[0].End)
}
