package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
	"weir/internal/clip"
	"weir/internal/clip/cliptest"
	"weir/internal/media"
	"weir/manifest/manifesttest"
)

// windows is what clips are made of.
type windows map[string]*cliptest.Filled

func (w windows) Snapshot(channel string) (*media.Window, func(string, uint32) []byte, bool) {
	f, ok := w[channel]
	if !ok {
		return nil, nil, false
	}
	return f.Window, f.Init, true
}

func (windows) Media(_ context.Context, _ string, seg *media.Segment) ([]byte, error) {
	return seg.Data, nil
}

// clipRig is an admin API that keeps clips of one channel, news, in a directory.
type clipRig struct {
	*rig
	of   *cliptest.Filled
	free int64
}

func startClips(t *testing.T) *clipRig {
	t.Helper()
	c := manifesttest.New(7)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "de"))
	c.Rows(10, 2*time.Second, 100_000)
	r := &clipRig{
		rig: &rig{world: &world{channels: map[string]catalog.Channel{"news": catalog.New("news")}}, log: &bytes.Buffer{}},
		of:  cliptest.Fill(c.Window(), 1), free: 1 << 40,
	}
	store, err := clip.Open(clip.Config{
		Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return at(0) },
		Free: func(string) (int64, error) { return r.free, nil },
	})
	require.NoError(t, err)
	s := New(Config{
		Catalog: r.world, Bus: buses{r.world}, Clips: clip.NewMaker(store, windows{"news": r.of}),
		Log: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() { h.Client().CloseIdleConnections(); h.Close(); store.Close() })
	r.url = h.URL
	return r
}

// wall is when the row at position i begins.
func (r *clipRig) wall(i int) time.Time { return r.of.Window.Rows.At(i).Wall }

func (r *clipRig) post(t *testing.T, body string) (int, string) {
	t.Helper()
	return r.ask(t, http.MethodPost, "/api/v1/channels/news/clips", body, asJSON)
}

// get asks for a path and gives the whole answer.
func (r *clipRig) get(t *testing.T, method, path string, header ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, nil)
	require.NoError(t, err)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, b
}

func TestClipsAreMadeListedDownloadedAndDeleted(t *testing.T) {
	t.Parallel()
	r := startClips(t)
	status, body := r.post(t, fmt.Sprintf(`{"start":%q,"end":%.3f,"name":"Tor für \"uns\""}`,
		r.wall(3).Add(time.Second).Format(time.RFC3339Nano), float64(r.wall(6).UnixMilli()+500)/1000))
	require.Equal(t, 201, status, body)
	var made Clip
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	require.Equal(t, "news", made.Channel)
	require.Equal(t, `Tor für "uns"`, made.Name)
	require.True(t, r.wall(3).Equal(made.Start), made.Start)
	require.True(t, r.wall(7).Equal(made.End), made.End)
	require.InDelta(t, 8, made.Duration, 0)
	require.Len(t, made.Tracks, 2)
	require.Equal(t, "/vod/"+made.ID+"/index.m3u8", made.HLS)
	require.Equal(t, "/vod/"+made.ID+"/manifest.mpd", made.DASH)
	require.Contains(t, r.log.String(), "channel=news clip="+made.ID)

	for _, path := range []string{"/api/v1/clips", "/api/v1/channels/news/clips"} {
		status, list := r.ask(t, http.MethodGet, path, "")
		require.Equal(t, 200, status)
		require.Equal(t, "["+strings.TrimSpace(body)+"]\n", list)
	}
	status, one := r.ask(t, http.MethodGet, "/api/v1/clips/"+made.ID, "")
	require.Equal(t, 200, status)
	require.Equal(t, body, one)
	require.NoError(t, r.Delete(t.Context(), "news")) // it outlives its channel
	status, one = r.ask(t, http.MethodGet, "/api/v1/channels/news/clips", "")
	require.Equal(t, 200, status)
	require.Contains(t, one, made.ID)

	resp, mp4 := r.get(t, http.MethodGet, made.Download)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "video/mp4", resp.Header.Get("Content-Type"))
	require.Equal(t, int64(len(mp4)), resp.ContentLength)
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
	require.NoError(t, err)
	require.Equal(t, "Tor für -uns-.mp4", params["filename"])
	kept := &cliptest.Filled{Window: &media.Window{Rows: between{r.of.Window.Rows, 3, 7}}, Samples: r.of.Samples}
	require.NoError(t, cliptest.Compare(kept, mp4))

	head, nothing := r.get(t, http.MethodHead, made.Download)
	require.Equal(t, 200, head.StatusCode)
	require.Equal(t, int64(len(mp4)), head.ContentLength)
	require.Empty(t, nothing)
	part, bytes := r.get(t, http.MethodGet, made.Download, "Range: bytes=1000-", "If-Range: "+resp.Header.Get("ETag"))
	require.Equal(t, 206, part.StatusCode)
	require.Equal(t, mp4[1000:], bytes)
	same, _ := r.get(t, http.MethodGet, made.Download, "If-None-Match: "+resp.Header.Get("ETag"))
	require.Equal(t, 304, same.StatusCode)

	_, metrics := r.get(t, http.MethodGet, "/metrics")
	require.Contains(t, string(metrics), "\nweir_clips 1\n")
	require.Contains(t, string(metrics), fmt.Sprintf("\nweir_clips_bytes %d\n", made.Bytes))

	status, _ = r.ask(t, http.MethodDelete, "/api/v1/clips/"+made.ID, "")
	require.Equal(t, 204, status)
	require.Contains(t, r.log.String(), `msg="clip deleted by the API" channel=news clip=`+made.ID)
	for _, path := range []string{"/api/v1/clips/" + made.ID, made.Download, "/api/v1/channels/news/clips"} {
		resp, _ := r.get(t, http.MethodGet, path)
		require.Equal(t, 404, resp.StatusCode, path)
	}
	status, _ = r.ask(t, http.MethodDelete, "/api/v1/clips/"+made.ID, "")
	require.Equal(t, 404, status)
}

// between is rows from ≤ i < to.
type between struct {
	media.Rows
	from, to int
}

func (b between) Len() int            { return b.to - b.from }
func (b between) At(i int) *media.Row { return b.Rows.At(b.from + i) }

func TestClipsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := startClips(t)
	ask := func(start, end any) string {
		return fmt.Sprintf(`{"start":%v,"end":%v}`, start, end)
	}
	first, last := r.wall(0).Unix()+1, r.wall(9).Unix()
	for _, tc := range []struct {
		body   string
		status int
		says   string
	}{
		{ask(first-3600, last), 409, r.wall(0).UTC().Format("2006-01-02T15:04:05.000Z")},
		{ask(first, last+3600), 409, "ends behind the window"},
		{ask(last, first), 422, `"location":"body.end"`},
		{ask(first, first+100_000), 422, "24h0m0s"},
		{ask(`"yesterday"`, last), 422, `"location":"body.start"`},
		{ask(`"2026-11-21T20:15:30"`, last), 422, "time zone"},
		{ask(first, `"1e9"`), 422, `"location":"body.end"`},
		{ask(true, last), 422, "body.start"},
		{ask(-5, last), 422, "body.start"},
		{`{"start":1}`, 422, "end"},
		{`{"start":1,"end":2,"nam":"x"}`, 422, "nam"},
		{`{"start":1,"end":2,"name":"` + strings.Repeat("x", 201) + `"}`, 422, "body.name"},
		{`{`, 400, ""},
	} {
		status, body := r.post(t, tc.body)
		require.Equal(t, tc.status, status, "%s: %s", tc.body, body)
		require.Contains(t, body, tc.says, tc.body)
	}
	good := ask(first, last)
	status, _ := r.ask(t, http.MethodPost, "/api/v1/channels/other/clips", good, asJSON)
	require.Equal(t, 404, status)
	status, _ = r.ask(t, http.MethodPost, "/api/v1/channels/news/clips", good, asJSON, "Sec-Fetch-Site: cross-site")
	require.Equal(t, 403, status)
	status, _ = r.ask(t, http.MethodPost, "/api/v1/channels/news/clips", good, "Content-Type: text/plain")
	require.Equal(t, 415, status)
	r.free = 1 << 20
	status, body := r.post(t, good)
	require.Equal(t, 507, status, body)
	for _, path := range []string{"/api/v1/clips/..%2f..%2fetc", "/api/v1/clips/none", "/api/v1/clips/none/file.mp4"} {
		resp, _ := r.get(t, http.MethodGet, path)
		require.Equal(t, 404, resp.StatusCode, path)
	}
	status, body = r.ask(t, http.MethodGet, "/api/v1/clips", "")
	require.Equal(t, 200, status)
	require.Equal(t, "[]\n", body)
}

func TestInstants(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 21, 20, 15, 30, 500_000_000, time.UTC)
	for _, text := range []string{
		"2026-11-21T20:15:30.5Z", "2026-11-21T21:15:30.5+01:00", "2026-11-21T21:15:30,5+0100", "20261121T201530.5Z",
		fmt.Sprintf("%d.5", want.Unix()), fmt.Sprintf("%d.5000000009", want.Unix()),
	} {
		got, err := Instant{text}.time()
		require.NoError(t, err, text)
		require.True(t, want.Equal(got), "%s: %v", text, got)
	}
	for _, text := range []string{"", ".", "1.2.3", "-1", "1e9", "0x10", "2026-11-21", "2026-11-21T20:15:30", strings.Repeat("1", 12), strings.Repeat("1", 100), "NaN"} {
		got, err := Instant{text}.time()
		require.ErrorIs(t, err, errInstant, "%s: %v", text, got)
	}
}
