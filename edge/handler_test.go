package edge

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"weir/internal/catalog"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	f, _ := onAir(t, fakeRenderers())
	whole := strings.Repeat("a3", 50) + strings.Repeat("b3", 50) + strings.Repeat("c3", 50) + strings.Repeat("d3", 50)
	cases := []struct {
		method, path string
		header       []string
		status       int
		body         string // "…" at the end: only the beginning is compared
		want         []string
	}{
		{"GET", "/live/news/index.m3u8", nil, 200, "multivariant…", []string{
			"Content-Type", hlsType, "Cache-Control", "public, max-age=1", "Vary", "Accept-Encoding", "Server", "weir",
			"Access-Control-Allow-Origin", "*",
		}},
		{"GET", "/time", nil, 200, "20…", []string{"Content-Type", textType, "Access-Control-Allow-Origin", "*", "Content-Length", "24"}},
		{"GET", "/live/news/manifest.mpd", nil, 200, "mpd…", []string{"Content-Type", dashType}},
		{"GET", "/live/news/v1/index.m3u8?x=1", nil, 200, "media v1 row 10…", nil},
		{"HEAD", "/live/news/v1/index.m3u8", nil, 200, "", []string{"Content-Length", "358"}},
		{"GET", "/live/news/v2/index.m3u8", nil, 404, "the channel has no such track now\n", nil},
		{"GET", "/live/none/index.m3u8", nil, 404, "there is no such channel\n", []string{"Content-Type", textType}},
		{"GET", "/live/news/v1/init-0.mp4", nil, 200, "init v1", []string{"Content-Type", "video/mp4", "Cache-Control", "public, max-age=60"}},
		{"GET", "/live/news/a1/init-0.mp4", nil, 200, "init a1", []string{"Content-Type", "audio/mp4"}},
		{"GET", "/live/news/v1/init-1.mp4", nil, 404, "…", nil},
		{"GET", "/live/news/v1/3.m4s", nil, 200, whole, []string{
			"Content-Type", "video/mp4", "Cache-Control", "public, max-age=60, immutable", "Accept-Ranges", "bytes", "Vary", "",
		}},
		{"HEAD", "/live/news/v1/3.m4s", []string{"Range", "bytes=0-1"}, 200, "", []string{"Content-Length", "400"}},
		{"GET", "/live/news/v1/3.m4s", []string{"Range", "bytes=100-103"}, 206, "b3b3", []string{"Content-Range", "bytes 100-103/400"}},
		{"GET", "/live/news/v1/3.m4s", []string{"Range", "bytes=-2"}, 206, "d3", []string{"Content-Range", "bytes 398-399/400"}},
		{"GET", "/live/news/v1/3.m4s", []string{"Range", "bytes=400-"}, 416, "…", []string{"Content-Range", "bytes */400"}},
		{"GET", "/live/news/v1/3.m4s", []string{"Range", "bytes=0-1,4-5"}, 200, whole, nil},
		{"GET", "/live/news/v1/3.m4s", []string{"Range", "bytes=0-1", "If-Range", `"other"`}, 200, whole, nil},
		{"GET", "/live/news/v1/3.m4s", []string{"If-None-Match", "*"}, 304, "", []string{"Content-Type", ""}},
		{"GET", "/live/news/v1/3.1.m4s", nil, 200, strings.Repeat("b3", 50), nil},
		{"GET", "/live/news/v1/3.4.m4s", nil, 404, "…", nil},
		{"GET", "/live/news/v1/10.m4s", nil, 404, "…", []string{"Cache-Control", "public, max-age=1"}},
		{"GET", "/live/news/v1/03.m4s", nil, 404, "…", nil},
		{"GET", "/live/news/v1/%33.m4s", nil, 400, "the path is not well-formed\n", nil},
		{"GET", "/live/news/../news/v1/3.m4s", nil, 400, "…", nil},
		{"POST", "/live/news/v1/3.m4s", nil, 405, "…", []string{"Allow", allowed}},
		{"DELETE", "/", nil, 405, "…", []string{"Allow", allowed}},
		{"OPTIONS", "/live/news/v1/3.m4s", nil, 204, "", []string{
			"Access-Control-Allow-Origin", "*", "Access-Control-Allow-Methods", allowed, "Access-Control-Allow-Headers", asked,
		}},
		{"GET", "/", nil, 200, "<p>page</p>…", []string{
			"Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-cache", "Access-Control-Allow-Origin", "",
		}},
		{"GET", "/index.html", []string{"Range", "bytes=0-2"}, 206, "<p>", nil},
		{"GET", "/assets/app-Ab3_xY9z.js", nil, 200, "let…", []string{
			"Content-Type", "text/javascript; charset=utf-8", "Cache-Control", "public, max-age=31536000, immutable",
		}},
		{"GET", "/assets/font-0123abcd.woff2", []string{"Accept-Encoding", "gzip"}, 200, "font", []string{"Content-Type", "font/woff2", "Content-Encoding", ""}},
		{"GET", "/nothing", nil, 404, "there is nothing under this path\n", nil},
		{"GET", "/vod/x/index.m3u8", nil, 404, "there is no such asset\n", nil},
	}
	for _, c := range cases {
		resp, body := f.get(c.method, c.path, c.header...)
		beginning, part := strings.CutSuffix(c.body, "…")
		if resp.StatusCode != c.status || part && !strings.HasPrefix(body, beginning) || !part && body != c.body {
			t.Errorf("%s %s %v: %d %.60q, want %d %.60q", c.method, c.path, c.header, resp.StatusCode, body, c.status, c.body)
		}
		for i := 0; i < len(c.want); i += 2 {
			if got := resp.Header.Get(c.want[i]); got != c.want[i+1] {
				t.Errorf("%s %s: %s is %q, want %q", c.method, c.path, c.want[i], got, c.want[i+1])
			}
		}
		if c.status >= 400 && (strings.Count(body, "\n") != 1 || resp.Header.Get("Content-Type") != textType || resp.Header.Get("Etag") != "") {
			t.Errorf("%s %s: the error is %q as %q", c.method, c.path, body, resp.Header.Get("Content-Type"))
		}
	}
	stats := f.server.Stats()
	count := uint64(0)
	for _, r := range stats.Requests {
		if r.Status == 0 {
			t.Errorf("not counted apart: %+v", r)
		}
		count += r.Count
	}
	if count != uint64(len(cases)) || stats.Bytes["segment"] != 3*400+4+2 {
		t.Errorf("%d requests, %d bytes of segments", count, stats.Bytes["segment"])
	}
}

func TestEntityTagsAndGzip(t *testing.T) {
	t.Parallel()
	f, h := onAir(t, fakeRenderers())
	for _, path := range []string{"/live/news/index.m3u8", "/live/news/v1/index.m3u8", "/live/news/manifest.mpd", "/", "/live/index.json"} {
		plain, text := f.get("GET", path)
		zipped, raw := f.get("GET", path, "Accept-Encoding", "br, gzip;q=0.5")
		if zipped.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: wrong coding", path)
			continue
		}
		r, err := gzip.NewReader(strings.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		var unzipped bytes.Buffer
		if _, err := io.Copy(&unzipped, r); err != nil || unzipped.String() != text { //nolint:gosec // our own
			t.Errorf("%s: %v, %q", path, err, unzipped.String())
		}
		a, b := plain.Header.Get("Etag"), zipped.Header.Get("Etag")
		if a == b || a == "" || b == "" {
			t.Errorf("%s: tags %s and %s", path, a, b)
		}
		if resp, body := f.get("GET", path, "If-None-Match", `"x", W/`+a); resp.StatusCode != http.StatusNotModified || body != "" || resp.Header.Get("Etag") != a {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
		if resp, _ := f.get("GET", path, "If-None-Match", a, "Accept-Encoding", "gzip"); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: the tag of the other coding matches", path)
		}
	}
	before, _ := f.get("GET", "/live/news/v1/index.m3u8")
	row(h, 10, 4, 400)
	if resp, _ := f.get("GET", "/live/news/v1/index.m3u8", "If-None-Match", before.Header.Get("Etag")); resp.StatusCode != http.StatusOK {
		t.Errorf("after a change: %d", resp.StatusCode)
	}
	seg, _ := f.get("GET", "/live/news/v1/3.m4s")
	if resp, body := f.get("GET", "/live/news/v1/3.m4s", "Range", "bytes=0-1", "If-Range", seg.Header.Get("Etag")); resp.StatusCode != 206 || body != "a3" {
		t.Errorf("If-Range: %d %q", resp.StatusCode, body)
	}
}

func TestIndexOfChannels(t *testing.T) {
	t.Parallel()
	f, _ := onAir(t, fakeRenderers())
	_, body := f.get("GET", "/live/index.json")
	var got []listed
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := listed{
		ID: "news", Title: "Channel news", State: OnAir, DVRSeconds: 60, WindowSeconds: 20,
		HLS: "/live/news/index.m3u8", DASH: "/live/news/manifest.mpd",
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %+v", got)
	}
	f.at.Store(27)
	if _, body = f.get("GET", "/live/index.json"); !strings.Contains(body, OffAir) {
		t.Errorf("got %s", body)
	}
	f.at.Store(1000)
	f.server.look(false)
	if resp, _ := f.get("GET", "/live/news/index.m3u8"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("of an expired window: %d", resp.StatusCode)
	}
}

func TestCatchingUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, fakeRenderers(), "news")
	h := <-f.handlers
	begin(h)
	row(h, 0, 1, 100)
	for _, path := range []string{"/live/news/index.m3u8", "/live/news/v1/5.m4s"} {
		if resp, _ := f.get("GET", path); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	if err := f.server.Ready(); err == nil || !strings.Contains(err.Error(), "news") {
		t.Errorf("ready: %v", err)
	}
	if resp, _ := f.get("GET", "/live/news/v1/0.m4s"); resp.StatusCode != http.StatusOK {
		t.Errorf("what is there: %d", resp.StatusCode)
	}
	h.CaughtUp()
	if resp, _ := f.get("GET", "/live/news/index.m3u8"); resp.StatusCode != http.StatusOK {
		t.Errorf("caught up: %d", resp.StatusCode)
	}
	if err := f.server.Ready(); err != nil {
		t.Error(err)
	}
}

func TestChannelsComeAndGo(t *testing.T) {
	t.Parallel()
	f, _ := onAir(t, fakeRenderers())
	f.catalog.changes <- catalog.Change{ID: "more", Channel: catalog.Channel{ID: "more", DVR: time.Minute, Segment: lasts}}
	h := <-f.handlers
	h.CaughtUp()
	f.await("more", func() bool { _, ok := f.server.Status("more"); return ok })
	f.catalog.changes <- catalog.Change{ID: "news", Channel: catalog.Channel{ID: "news", DVR: 12 * time.Second, Segment: lasts}}
	f.await("news", func() bool { st, _ := f.server.Status("news"); return st.Rows == 6 })
	if resp, _ := f.get("GET", "/live/news/v1/1.m4s"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("what left the window: %d", resp.StatusCode)
	}
	f.catalog.changes <- catalog.Change{ID: "news", Deleted: true}
	f.await("news", func() bool { _, ok := f.server.Status("news"); return !ok })
	if resp, _ := f.get("GET", "/live/news/index.m3u8"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a deleted channel: %d", resp.StatusCode)
	}
}
