package hls_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

// illustrated is a film of that many seconds with thumbnails.
func illustrated(seconds int) *media.Window {
	c := manifesttest.New(0)
	c.Ended = true
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(seconds/2, 2*time.Second, 100_000)
	w := c.Window()
	w.Images = &media.Images{Name: "i1", Interval: 2 * time.Second, Columns: 3, Rows: 2, Width: 192, Height: 108, Bandwidth: 4000}
	return w
}

func TestImages(t *testing.T) {
	t.Parallel()
	w := illustrated(28)
	links := manifest.Links{Playlists: "?token=a", Media: "?v=1&token=a"}
	got, err := hls.Images(w, links)
	require.NoError(t, err)
	const tiles = "#EXT-X-TILES:RESOLUTION=192x108,LAYOUT=3x2,DURATION=2\n"
	require.Equal(t, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-IMAGES-ONLY\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-TARGETDURATION:12\n"+
		tiles+"#EXTINF:12.000,\n1.jpg?v=1&token=a\n"+tiles+"#EXTINF:12.000,\n2.jpg?v=1&token=a\n"+tiles+"#EXTINF:4.000,\n3.jpg?v=1&token=a\n#EXT-X-ENDLIST\n",
		string(got))
	got, err = hls.Images(illustrated(4), manifest.Links{})
	require.NoError(t, err)
	require.Contains(t, string(got), "#EXT-X-TARGETDURATION:4\n"+tiles+"#EXTINF:4.000,\n1.jpg\n#EXT-X-ENDLIST\n")

	list, err := hls.Multivariant(w, links)
	require.NoError(t, err)
	const stream = "#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=4000,RESOLUTION=192x108,CODECS=\"jpeg\",URI=\"i1/index.m3u8?token=a\"\n"
	without, found := strings.CutSuffix(string(list), stream)
	require.True(t, found, string(list))
	w.Images = nil
	list, err = hls.Multivariant(w, links)
	require.NoError(t, err)
	require.Equal(t, string(list), without)

	_, err = hls.Images(w, links)
	require.ErrorIs(t, err, hls.ErrTrack)
	_, err = hls.Images(&media.Window{}, links)
	require.ErrorIs(t, err, hls.ErrEmpty)
}
