package edge

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/library"
	"weir/internal/media"
	"weir/packager/vod"
)

// illustrated is an asset with a sheet of thumbnails.
type illustrated struct {
	library.Asset
	window *media.Window
}

func (a illustrated) Window() *media.Window { return a.window }

func (a illustrated) Sheet(_ context.Context, number uint64) ([]byte, error) {
	switch number {
	case 1:
		return []byte("sheet"), nil
	case 2:
		return nil, library.ErrBusy
	case 3:
		return nil, fmt.Errorf("%w: broken pictures", vod.ErrFile)
	}
	return nil, library.ErrNoSegment
}

// gallery has assets with thumbnails only.
type gallery struct{ Assets }

func (g gallery) Open(ctx context.Context, id string) (library.Asset, error) {
	a, err := g.Assets.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	w := *a.Window()
	w.Images = &media.Images{Name: "i1", Interval: time.Second, Columns: 5, Rows: 5, Width: 192, Height: 108}
	return illustrated{a, &w}, nil
}

func TestThumbnails(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	base := "/vod/" + s.keep(t, 0, 3).ID
	for _, path := range []string{"/i1/index.m3u8", "/i1/1.jpg"} { // clips have none
		resp, _ := s.get(http.MethodGet, base+path)
		require.Equal(t, 404, resp.StatusCode, path)
	}
	s.server.vod.from = gallery{s.assets}
	_, text := s.get(http.MethodGet, base+"/index.m3u8?token=a")
	require.Contains(t, text, `URI="i1/index.m3u8?token=a"`)
	resp, text := s.get(http.MethodGet, base+"/i1/index.m3u8?token=a")
	require.Equal(t, 200, resp.StatusCode, text)
	require.Equal(t, hlsType, resp.Header.Get("Content-Type"))
	require.Contains(t, text, "\n1.jpg?token=a\n")
	resp, text = s.get(http.MethodGet, base+"/i1/1.jpg")
	require.Equal(t, []any{200, "image/jpeg", "sheet"}, []any{resp.StatusCode, resp.Header.Get("Content-Type"), text})
	for path, want := range map[string]int{
		"/i1/2.jpg": 503, "/i1/3.jpg": 422, "/i1/999999.jpg": 404, "/i1/01.jpg": 404, "/v1/1.jpg": 404, "/i2/1.jpg": 404, "/i1/1.m4s": 404,
		"/i1/init-1.mp4": 404, "/i1/iframes.m3u8": 404, "/i1/1.jpg?v=old": 410,
	} {
		resp, text := s.get(http.MethodGet, base+path)
		require.Equal(t, want, resp.StatusCode, "%s: %s", path, text)
		if want == 503 {
			require.NotEmpty(t, resp.Header.Get("Retry-After"))
		}
	}
}
