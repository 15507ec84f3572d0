package dash

import (
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// Key frames are announced with what all of a segment need together, or players of them are late.
func TestKeyRateIsThatOfAllKeyFrames(t *testing.T) {
	t.Parallel()
	track := &media.Track{Timescale: 1000}
	part := func(key int) media.Part {
		return media.Part{Size: 2000, Duration: 1000, Independent: key > 0, Key: key}
	}
	for _, tc := range []struct {
		parts []media.Part
		keys  int64
		want  int64
	}{
		{nil, 0, 0},
		{[]media.Part{part(0), part(1000)}, 0, 0}, // it does not begin with one
		{[]media.Part{part(1000), part(0)}, 0, 4096},
		{[]media.Part{part(1000), part(0), part(2000), part(0), part(900)}, 0, 16384},
		{[]media.Part{part(1000)}, 3900, 16384},
	} {
		seg := &media.Segment{Parts: tc.parts, SegmentEnd: media.SegmentEnd{Keys: media.Keys{Bytes: tc.keys}}}
		seg.Duration = 2000
		require.Equal(t, tc.want, keyRate(seg, track), "%v", tc.parts)
	}
}
