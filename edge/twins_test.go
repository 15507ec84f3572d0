package edge

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"weir/internal/bus"
	"weir/internal/catalog"
)

// TestEdgesAnswerAlike feeds a channel through a bus to three edges, of which two join late, and one of these has hardly any memory, and asks all for
// everything, in mid-segment too.
func TestEdgesAnswerAlike(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b, err := bus.Open(ctx, bus.Config{Dir: t.TempDir(), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := b.SetChannel(ctx, "news", time.Hour); err != nil {
		t.Fatal(err)
	}
	w, err := b.Acquire(ctx, "news")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	broadcast := newFeed(t, w)
	early := joinEdge(t, b, 0)
	broadcast.until(29 * time.Second)
	early.await("news", func() bool { st, _ := early.server.Status("news"); return st.Rows >= 13 })
	late, small := joinEdge(t, b, 0), joinEdge(t, b, 16)
	late.await("news", func() bool { st, _ := late.server.Status("news"); return st.Stored == 0 })
	if st, _ := small.server.Status("news"); st.Stored == 0 || st.AtHand >= st.Depth {
		t.Errorf("the small one holds all: %+v", st)
	}

	from := ""
	for _, length := range []time.Duration{29 * time.Second, 30_500 * time.Millisecond, 31 * time.Second, 47 * time.Second} {
		broadcast.until(length)
		// Nothing else says that all that was published is there. Sound and video come in any order.
		newest := fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", length/lasts, length%lasts/(200*time.Millisecond)-2)
		paths := []string{
			"/live/news/index.m3u8", "/live/news/index.m3u8?ll=0&maxheight=1080", "/live/news/manifest.mpd", "/live/news/manifest.mpd?ll=0&lang=en",
			"/live/news/manifest.mpd?tracks=v1&token=x", "/live/news/v1/index.m3u8", "/live/news/a1/index.m3u8", "/live/news/v1/index.m3u8?_HLS_skip=YES",
			"/live/news/a1/index.m3u8?dvr=15&_HLS_skip=v2", "/live/news/v1/index.m3u8?ll=0", "/live/news/v1/iframes.m3u8", "/live/news/v1/init-1.mp4",
			fmt.Sprintf("/live/news/v1/index.m3u8?start=%d&end=%d", epoch.Unix()+5, epoch.Unix()+15), "/live/news/v1/3.m4s", "/live/news/a1/11.3.m4s",
			"/live/news/v1/3.key.m4s", "/live/news/v1/99.m4s", "/live/news/index.m3u8?dvr=x", "/live/news/v1/index.m3u8?_HLS_msn=4000",
		}
		if length > 40*time.Second { // else nothing may be new, and the answer is held
			paths = append(paths, "/live/news/manifest.mpp?from="+from)
		}
		for _, f := range []*fixture{early, late, small} {
			for _, track := range []string{"v1", "a1"} {
				f.await("news", func() bool {
					resp, _ := f.get("GET", "/live/news/"+track+"/index.m3u8?"+newest)
					return resp.StatusCode == http.StatusOK
				})
			}
		}
		for _, path := range paths {
			var one, other string
			// The feed's last part of the one track may have come to one edge only, for a moment.
			for _, f := range []*fixture{late, small} {
				early.await("news", func() bool {
					one, other = whole(early, path), whole(f, path)
					return one == other
				})
			}
			if strings.HasSuffix(path, ".mpd") {
				from = publishTime.FindStringSubmatch(one)[1]
			}
			if strings.Contains(path, "manifest.mpp") && !strings.Contains(one, "originalPublishTime") {
				t.Errorf("%s: %s", path, one)
			}
		}
	}
}

// whole is all of an answer that must be the same everywhere.
func whole(f *fixture, path string) string {
	resp, body := f.get("GET", path)
	h := resp.Header
	return fmt.Sprintln(resp.StatusCode, h.Get("Content-Type"), h.Get("Cache-Control"), h.Get("Etag")) + body
}

// joinEdge is an edge that reads news from the bus, once it has caught up.
func joinEdge(t *testing.T, b *bus.Bus, memory int64) *fixture {
	t.Helper()
	cat := &fakeCatalog{changes: make(chan catalog.Change), list: []catalog.Channel{{ID: "news", DVR: time.Minute, Segment: lasts}}}
	s, err := New(Config{
		Catalog: cat, Log: quiet, Now: func() time.Time { return epoch.Add(50 * time.Second) }, Carry: []string{"token"},
		Read:    func(ctx context.Context, channel string, h Handler) error { return b.Join(ctx, channel, h) },
		Segment: b.Segment, Memory: memory,
	})
	if err != nil {
		t.Fatal(err)
	}
	ln := fasthttputil.NewInmemoryListener()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ln.Dial() }, DisableCompression: true}
	f := &fixture{t: t, server: s, http: &http.Client{Transport: transport}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	f.await("news", func() bool { return s.Ready() == nil })
	return f
}
