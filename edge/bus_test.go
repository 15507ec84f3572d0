package edge

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
)

// TestFromBusToPlayer sends rows through a real bus and gets them from the edge; then an edge that joins later must answer alike.
func TestFromBusToPlayer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b, err := bus.Open(ctx, bus.Config{Dir: t.TempDir(), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := b.SetChannel(ctx, "news", time.Hour); err != nil {
		t.Fatal(err)
	}
	w, err := b.Acquire(ctx, "news")
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.Target(lasts))
	must(w.Run(media.Run{Start: epoch, Tracks: tracksOf()}, []media.Init{{Track: "v1", Data: []byte("init v1")}, {Track: "a1", Data: []byte("init a1")}}))
	for n := range uint64(8) {
		for _, track := range tracksOf() {
			chunks, end := segment(track, n, 4, 40000)
			for _, c := range chunks {
				must(w.Chunk(c))
			}
			must(w.End(end))
		}
	}
	defer func() {
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	var first string
	for i := range 2 {
		got := askEdge(ctx, t, b)
		if i == 0 {
			first = got
		} else if got != first {
			t.Error("the second edge answers otherwise")
		}
	}
	if strings.Count(first, ".m4s") != 8 || !strings.Contains(first, strings.Repeat("b7", 5000)) {
		t.Errorf("got %d bytes: %.500s", len(first), first)
	}
}

// askEdge is a media playlist and all it lists, from an edge that reads the bus.
func askEdge(ctx context.Context, t *testing.T, b *bus.Bus) string {
	t.Helper()
	cat := &fakeCatalog{changes: make(chan catalog.Change), list: []catalog.Channel{{ID: "news", DVR: time.Minute, Segment: lasts}}}
	s, err := New(Config{
		Catalog: cat, Log: quiet, Now: func() time.Time { return epoch.Add(16 * time.Second) },
		Read:    func(ctx context.Context, channel string, h Handler) error { return b.Join(ctx, channel, h) },
		Segment: b.Segment,
	})
	if err != nil {
		t.Fatal(err)
	}
	ln := fasthttputil.NewInmemoryListener()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ln.Dial() }}
	f := &fixture{t: t, server: s, http: &http.Client{Transport: transport}}
	defer func() {
		transport.CloseIdleConnections()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	f.await("news", func() bool { st, _ := s.Status("news"); return s.Ready() == nil && st.Rows == 8 })
	resp, all := f.get("GET", "/live/news/v1/index.m3u8")
	if resp.StatusCode != 200 {
		t.Fatalf("playlist: %d %s", resp.StatusCode, all)
	}
	for n := range 8 {
		resp, err := f.http.Get(fmt.Sprintf("http://edge/live/news/v1/%d.m4s", n))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("segment %d: %d, %v", n, resp.StatusCode, err)
		}
		all += string(body)
	}
	return all
}
