package edge

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/valyala/fasthttp"

	"weir/edge/window"
	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
)

func TestRendersOnceAChange(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int32
	render := fakeRenderers()
	enter, leave := make(chan struct{}, 1000), make(chan struct{})
	real := render.media
	render.media = func(w *media.Window, track string, links manifest.Links, delta hls.Delta) ([]byte, error) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		enter <- struct{}{}
		<-leave
		return real(w, track, links, delta)
	}
	f, h := onAir(t, render)
	ask := func(n int) {
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				if _, body := f.get("GET", "/live/news/v1/index.m3u8"); !strings.HasPrefix(body, "media v1") {
					t.Errorf("got %q", body)
				}
			})
		}
		<-enter
		// Another manifest of the channel does not wait for this one.
		if _, body := f.get("GET", "/live/news/manifest.mpd"); !strings.HasPrefix(body, "mpd") {
			t.Errorf("got %q", body)
		}
		leave <- struct{}{}
		all.Wait()
	}
	ask(50)
	row(h, 10, 1, 100)
	ask(50)
	if most.Load() != 1 || f.server.Stats().Renderings != 4 {
		t.Errorf("%d at a time, %d renderings", most.Load(), f.server.Stats().Renderings)
	}
}

func TestRenderingThatFails(t *testing.T) {
	t.Parallel()
	render := fakeRenderers()
	render.mpd = func(*media.Window, manifest.Links) ([]byte, error) { return nil, errTest }
	render.multivariant = func(*media.Window, manifest.Links) ([]byte, error) { panic("test") }
	f, _ := onAir(t, render)
	for _, path := range []string{"/live/news/manifest.mpd", "/live/news/index.m3u8"} {
		if resp, body := f.get("GET", path); resp.StatusCode != 500 || body != "the manifest cannot be made\n" {
			t.Errorf("%s: %d %q", path, resp.StatusCode, body)
		}
	}
}

// What was rendered of an old snapshot must not keep the snapshot's media in memory, even if nobody asks again.
func TestRenderingsKeepNoMedia(t *testing.T) {
	t.Parallel()
	f, _ := onAir(t, fakeRenderers())
	f.get("GET", "/live/news/v1/index.m3u8")
	c := f.server.channels.get("news")
	seg, _ := c.window.Segment("v1", 1)
	held := weak.Make(&seg.Data[0])
	seg = nil
	c.window.Set(window.Settings{Segment: lasts, DVR: lasts})
	for range 5 { // a finished request's stack may still refer to it
		f.get("GET", "/live/news/v1/9.m4s")
		if runtime.GC(); held.Value() == nil {
			return
		}
	}
	t.Error("the bytes are still in memory")
}

// TestRealManifests is the wiring of the real renderers.
func TestRealManifests(t *testing.T) {
	t.Parallel()
	f, _ := onAir(t, nil)
	for path, want := range map[string]string{
		"/live/news/index.m3u8":    "#EXT-X-STREAM-INF",
		"/live/news/v1/index.m3u8": "\n9.m4s",
		"/live/news/manifest.mpd":  "$Number$.m4s",
	} {
		if resp, body := f.get("GET", path); resp.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

// request is a context as the server makes it for a request.
func request(path string, header ...string) *fasthttp.RequestCtx {
	var req fasthttp.Request
	req.SetRequestURI(path)
	req.Header.SetHost("edge")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(&req, nil, nil)
	return ctx
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	f, _ := onAir(t, fakeRenderers())
	for _, c := range []struct{ path, field, value string }{
		{"/live/news/v1/3.m4s", "Accept", "*/*"},
		{"/live/news/v1/3.m4s", "Range", "bytes=10-20"},
		{"/live/news/v1/index.m3u8", "Accept-Encoding", "gzip, deflate, br, zstd"},
		{"/live/news/manifest.mpd", "If-None-Match", `"x"`},
		{"/", "Accept-Encoding", "gzip"},
	} {
		ctx := request(c.path, c.field, c.value)
		f.server.handle(ctx)
		n := 1.0
		for range 10 { // what other goroutines do meanwhile is counted too
			n = min(n, testing.AllocsPerRun(1000, func() {
				ctx.Response.Reset()
				f.server.handle(ctx)
			}))
		}
		if n > 0 {
			t.Errorf("%s: %v allocations", c.path, n)
		}
	}
}

func BenchmarkHandle(b *testing.B) {
	f, h := onAir(b, fakeRenderers())
	row(h, 10, 10, 1_250_000)
	for _, c := range []struct{ name, path string }{
		{"segment", "/live/news/v1/10.m4s"},
		{"playlist", "/live/news/v1/index.m3u8"},
	} {
		b.Run(c.name, func(b *testing.B) {
			ctx := request(c.path, "Accept-Encoding", "gzip, deflate, br")
			b.ReportAllocs()
			for b.Loop() {
				ctx.Response.Reset()
				f.server.handle(ctx)
			}
		})
	}
}

// BenchmarkServe is whole requests over a connection in memory.
func BenchmarkServe(b *testing.B) {
	f, h := onAir(b, fakeRenderers())
	row(h, 10, 10, 1_250_000)
	for _, c := range []struct{ name, path string }{
		{"segment", "/live/news/v1/10.m4s"},
		{"playlist", "/live/news/v1/index.m3u8"},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn, err := f.ln.Dial()
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			req := []byte("GET " + c.path + " HTTP/1.1\r\nHost: edge\r\nAccept-Encoding: gzip\r\n\r\n")
			buf := make([]byte, 256<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(req); err != nil {
					b.Fatal(err)
				}
				got, size := 0, 0
				for size == 0 || got < size {
					n, err := conn.Read(buf)
					if err != nil {
						b.Fatal(err)
					}
					if size == 0 {
						size = answerSize(b, buf[:n])
						b.SetBytes(int64(size))
					}
					got += n
				}
			}
		})
	}
}

// answerSize is how long an answer is by its header.
func answerSize(b *testing.B, start []byte) int {
	header := bytes.Index(start, []byte("\r\n\r\n"))
	_, rest, ok := bytes.Cut(start, []byte("Content-Length: "))
	if header < 0 || !ok {
		b.Fatalf("got %q", start[:min(len(start), 300)])
	}
	length, _, _ := bytes.Cut(rest, []byte("\r"))
	n, _ := number(length)
	return header + 4 + int(n)
}
