package hls

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/manifest"
	"weir/manifest/manifesttest"
)

// TestRendererForgets lets a channel slide for long: what is remembered does not grow, and is rendered once.
func TestRendererForgets(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(77)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"))
	c.Rows(300, 2*time.Second, 1_000_000)
	r := NewRenderer()
	for range 1000 {
		c.CutWithoutIDR()
		c.Row(2*time.Second, 1_000_000)
		c.Row(3*time.Second, 1_000_000)
		c.Trim(2)
		w := c.Window()
		_, err := r.Media(w, "v1", manifest.Links{}, Whole)
		require.NoError(t, err)
		_, err = r.IFrames(w, "v1", manifest.Links{}, Whole)
		require.NoError(t, err)
		r.Forget(w.Rows.At(0).Number)
		v := r.tracks["v1"]
		require.LessOrEqual(t, len(v.media), 300/blockRows+2)
		require.LessOrEqual(t, len(v.iframes), 300/blockRows+2)
		s := &v.surveyor
		require.LessOrEqual(t, max(len(s.cuts), len(s.longs), len(s.peaks)), 300)
		require.Equal(t, uint64(c.Len()), s.to-s.from)
	}
	r.Forget(1 << 40)
	require.Empty(t, r.tracks)
}
