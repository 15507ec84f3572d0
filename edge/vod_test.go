package edge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/clip"
	"weir/internal/clip/cliptest"
	"weir/internal/library"
	"weir/internal/media"
	"weir/manifest/manifesttest"
	"weir/packager/trick"
)

// What clips are made of in the program.
var (
	_ clip.Source = (*Server)(nil)
	_ Assets      = (*library.Library)(nil)
)

// filled is a clip.Source of one window.
type filled struct{ *cliptest.Filled }

func (f filled) Snapshot(string) (*media.Window, func(string, uint32) []byte, bool) {
	return f.Window, f.Init, true
}

func (filled) Media(_ context.Context, _ string, seg *media.Segment) ([]byte, error) {
	return seg.Data, nil
}

// shelf is an edge that serves clips, and the window that they are made of: three rows, a hole, three rows of another size.
type shelf struct {
	*fixture
	of     *cliptest.Filled
	dir    string
	store  *clip.Store
	assets *library.Library
	maker  *clip.Maker
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	c := manifesttest.New(100)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(3, 2*time.Second, 100_000)
	c.Run(7*time.Second, manifesttest.AVC(2, 1920, 1080, "avc1.640028"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(3, 2*time.Second, 100_000)
	s := &shelf{of: cliptest.Fill(c.Window(), 3), dir: t.TempDir()}
	var err error
	s.store, err = clip.Open(clip.Config{
		Dir: s.dir, Log: quiet, Now: time.Now, Free: func(string) (int64, error) { return 1 << 40, nil },
	})
	require.NoError(t, err)
	t.Cleanup(s.store.Close)
	s.maker = clip.NewMaker(s.store, filled{s.of})
	s.assets = library.New(library.Config{Clips: s.store, Memory: 1 << 20, Log: quiet, Now: time.Now})
	t.Cleanup(s.assets.Close)
	s.fixture = newFixtureWith(t, Config{Assets: s.assets, Carry: []string{"token"}})
	return s
}

// keep makes a clip of the rows from ≤ i < to.
func (s *shelf) keep(t *testing.T, from, to int) clip.Info {
	t.Helper()
	rows := s.of.Window.Rows
	info, err := s.maker.Make(t.Context(), clip.Request{
		Channel: "news", Name: "Clip", Start: rows.At(from).Wall, End: rows.At(to - 1).Wall.Add(rows.At(to - 1).Duration),
	})
	require.NoError(t, err)
	return info
}

func TestClipIsServed(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	id := s.keep(t, 1, 5).ID
	base := "/vod/" + id

	resp, text := s.get(http.MethodGet, base+"/index.m3u8")
	require.Equal(t, 200, resp.StatusCode, text)
	require.Equal(t, hlsType, resp.Header.Get("Content-Type"))
	require.Equal(t, "*", resp.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, text, "v1/index.m3u8")

	resp, text = s.get(http.MethodGet, base+"/v1/index.m3u8?_HLS_msn=9999&_HLS_skip=YES")
	require.Equal(t, 200, resp.StatusCode, text)
	for _, want := range []string{"#EXT-X-ENDLIST\n", "#EXT-X-PLAYLIST-TYPE:VOD\n", "\n101.m4s\n", "\n104.m4s\n", "init-1.mp4", "init-2.mp4", "#EXT-X-DISCONTINUITY\n"} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "100.m4s")
	require.NotContains(t, text, "105.m4s")
	require.NotContains(t, text, "EXT-X-PART")
	require.NotContains(t, text, "SERVER-CONTROL")
	again, _ := s.get(http.MethodGet, base+"/v1/index.m3u8", "If-None-Match", resp.Header.Get("Etag"))
	require.Equal(t, 304, again.StatusCode)
	rendered := s.server.Stats().Renderings
	_, same := s.get(http.MethodGet, base+"/v1/index.m3u8")
	require.Equal(t, text, same)
	require.Equal(t, rendered, s.server.Stats().Renderings, "it was rendered once")

	resp, text = s.get(http.MethodGet, base+"/manifest.mpd")
	require.Equal(t, 200, resp.StatusCode, text)
	require.Equal(t, dashType, resp.Header.Get("Content-Type"))
	require.Contains(t, text, `type="static"`)
	require.Equal(t, 2, strings.Count(text, "<Period"))

	resp, text = s.get(http.MethodGet, base+"/v1/iframes.m3u8")
	require.Equal(t, 200, resp.StatusCode, text)
	require.Contains(t, text, "#EXT-X-I-FRAMES-ONLY\n")

	for i := 1; i < 5; i++ {
		row := s.of.Window.Rows.At(i)
		for _, seg := range row.Segments {
			resp, body := s.get(http.MethodGet, fmt.Sprintf("%s/%s/%d.m4s", base, seg.Track, row.Number))
			require.Equal(t, 200, resp.StatusCode)
			require.True(t, body == string(seg.Data), "%s %d", seg.Track, row.Number)
			require.Equal(t, "public, max-age=31536000, immutable", resp.Header.Get("Cache-Control"))
			require.Equal(t, map[string]string{"v1": "video/mp4", "a1": "audio/mp4"}[seg.Track], resp.Header.Get("Content-Type"))
		}
		v1 := row.Segments[0]
		keys, err := trick.KeyFrames(v1.Data)
		require.NoError(t, err)
		_, body := s.get(http.MethodGet, fmt.Sprintf("%s/v1/%d.key.m4s", base, row.Number))
		require.Equal(t, string(keys), body)
	}
	_, init := s.get(http.MethodGet, base+"/v1/init-2.mp4")
	require.Equal(t, string(s.of.Init("v1", 2)), init)
}

func TestClipSegmentAnswersAsHTTPSays(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	id := s.keep(t, 0, 6).ID
	data := s.of.Window.Rows.At(0).Segments[0].Data
	path := "/vod/" + id + "/v1/100.m4s"
	whole, _ := s.get(http.MethodGet, path)
	tag := whole.Header.Get("Etag")
	size := len(data)
	for _, c := range []struct {
		method string
		header []string
		status int
		body   []byte
		length int
	}{
		{"GET", nil, 200, data, size},
		{"HEAD", nil, 200, nil, size},
		{"GET", []string{"Range", "bytes=5-9"}, 206, data[5:10], 5},
		{"GET", []string{"Range", "bytes=-7"}, 206, data[size-7:], 7},
		{"GET", []string{"Range", "bytes=5-9", "If-Range", tag}, 206, data[5:10], 5},
		{"GET", []string{"Range", "bytes=5-9", "If-Range", `"x"`}, 200, data, size},
		{"HEAD", []string{"Range", "bytes=5-9"}, 200, nil, size},
		{"GET", []string{"If-None-Match", tag}, 304, nil, 0},
	} {
		resp, body := s.get(c.method, path, c.header...)
		require.Equal(t, c.status, resp.StatusCode, "%+v", c.header)
		require.True(t, body == string(c.body), "%+v", c.header)
		if c.status != 304 {
			require.Equal(t, int64(c.length), resp.ContentLength, "%+v", c.header)
		}
	}
	resp, _ := s.get(http.MethodGet, path, "Range", fmt.Sprintf("bytes=%d-", size))
	require.Equal(t, 416, resp.StatusCode)
	require.Equal(t, fmt.Sprintf("bytes */%d", size), resp.Header.Get("Content-Range"))
	for _, missing := range []string{
		"/vod/none/index.m3u8", "/vod/" + id, "/vod/" + id + "/v1/106.m4s", "/vod/" + id + "/v1/99.m4s", "/vod/" + id + "/v1/100.0.m4s",
		"/vod/" + id + "/v2/index.m3u8", "/vod/" + id + "/a1/iframes.m3u8", "/vod/" + id + "/a1/100.key.m4s",
		"/vod/" + id + "/v1/init-3.mp4", "/vod/" + id + "/manifest.mpp",
	} {
		resp, _ := s.get(http.MethodGet, missing)
		require.Equal(t, 404, resp.StatusCode, missing)
	}
}

func TestClipIsRewrittenByQuery(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	id := s.keep(t, 0, 6).ID
	start := s.of.Window.Rows.At(4).Wall.Add(time.Millisecond).UTC().Format(time.RFC3339Nano)
	_, text := s.get(http.MethodGet, "/vod/"+id+"/v1/index.m3u8?token=abc&start="+start)
	require.NotContains(t, text, "103.m4s")
	require.Contains(t, text, "104.m4s?token=abc\n")
	require.Contains(t, text, "#EXT-X-ENDLIST\n")
	_, text = s.get(http.MethodGet, "/vod/"+id+"/index.m3u8?tracks=a1")
	require.NotContains(t, text, "v1/")
	resp, text := s.get(http.MethodGet, "/vod/"+id+"/index.m3u8?start=never")
	require.Equal(t, 400, resp.StatusCode)
	require.True(t, strings.HasPrefix(text, "start: "), text)
}

// A clip that is deleted while a segment is on its way is sent to its end, and is gone for all who come later.
func TestClipIsDeletedWhileItIsSent(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	id := s.keep(t, 0, 6).ID
	path := "/vod/" + id + "/v1/100.m4s"
	a, err := s.assets.Open(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, s.store.Delete(id))
	seg, err := a.Segment("v1", 100)
	require.NoError(t, err)
	opened, err := seg.Open(t.Context(), 0, seg.Size())
	require.NoError(t, err)
	sent := &body{opened, a}
	var out bytes.Buffer
	n, err := sent.WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, seg.Size(), n)
	require.True(t, bytes.Equal(s.of.Window.Rows.At(0).Segments[0].Data, out.Bytes()))
	require.NoError(t, sent.Close())
	require.NoError(t, sent.Close())
	_, err = library.ReadAll(t.Context(), seg)
	require.ErrorIs(t, err, os.ErrClosed)
	resp, _ := s.get(http.MethodGet, path)
	require.Equal(t, 404, resp.StatusCode)
}

func TestManifestsOfFewClipsAreKept(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.server.vod.most = 5
	for range 8 {
		id := s.keep(t, 0, 1).ID
		resp, _ := s.get(http.MethodGet, "/vod/"+id+"/index.m3u8")
		require.Equal(t, 200, resp.StatusCode)
	}
	require.Len(t, s.server.vod.by, 5)
}

func TestDamagedClipIsAnError(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	id := s.keep(t, 0, 6).ID
	require.NoError(t, os.Truncate(filepath.Join(s.dir, id, "v1.m4s"), 10))
	resp, text := s.get(http.MethodGet, "/vod/"+id+"/index.m3u8")
	require.Equal(t, 500, resp.StatusCode)
	require.NotContains(t, text, s.dir)
}

func TestSnapshotOfAChannel(t *testing.T) {
	t.Parallel()
	f, _ := onAir(t, fakeRenderers())
	_, _, ok := f.server.Snapshot("none")
	require.False(t, ok)
	w, init, ok := f.server.Snapshot("news")
	require.True(t, ok)
	require.Equal(t, 10, w.Rows.Len())
	require.Equal(t, "init a1", string(init("a1", 0)))
}

// A body is read where its connection has no use for WriteTo.
func TestBodyIsRead(t *testing.T) {
	t.Parallel()
	want := bytes.Repeat([]byte("0123456789"), 100_000)
	got, err := io.ReadAll(&body{ReadCloser: io.NopCloser(bytes.NewReader(want))})
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	var out bytes.Buffer
	n, err := (&body{ReadCloser: io.NopCloser(struct{ io.Reader }{bytes.NewReader(want)})}).WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, int64(len(want)), n)
	require.True(t, bytes.Equal(want, out.Bytes()))
}
