package edge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"
	"go.uber.org/goleak"

	"weir/internal/catalog"
	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // runs as long as the process
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // looks every 10 s whether it should end
		// A NATS server that is shut down while a stream makes ready to follow another leaves this to end by itself.
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"),
	)
}

var (
	epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	quiet = slog.New(slog.NewTextHandler(io.Discard, nil))
)

const lasts = 2 * time.Second

// fakeCatalog is a catalog that tests change.
type fakeCatalog struct {
	mu      sync.Mutex
	list    []catalog.Channel
	changes chan catalog.Change
}

func (c *fakeCatalog) Channels() []catalog.Channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]catalog.Channel(nil), c.list...)
}

func (c *fakeCatalog) Watch(ctx context.Context) <-chan catalog.Change {
	out := make(chan catalog.Change)
	go func() {
		defer close(out)
		for _, ch := range c.Channels() {
			select {
			case out <- catalog.Change{ID: ch.ID, Channel: ch}:
			case <-ctx.Done():
				return
			}
		}
		for {
			select {
			case change := <-c.changes:
				out <- change
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// fixture is an edge with channels whose handlers the test plays the bus to.
type fixture struct {
	t        testing.TB
	server   *Server
	catalog  *fakeCatalog
	handlers chan Handler // of the channels, as they are read
	at       atomic.Int64 // seconds since epoch
	ln       *fasthttputil.InmemoryListener
	http     *http.Client
	served   chan error
}

func (f *fixture) now() time.Time { return epoch.Add(time.Duration(f.at.Load()) * time.Second) }

func fakeRenderers() *renderers {
	text := func(what string, w *media.Window) ([]byte, error) {
		return []byte(what + strings.Repeat(fmt.Sprintf(" row %d", w.Rows.Len()), 50)), nil
	}
	return &renderers{
		multivariant: func(w *media.Window, _ manifest.Links) ([]byte, error) { return text("multivariant", w) },
		mpd:          func(w *media.Window, _ manifest.Links) ([]byte, error) { return text("mpd", w) },
		media: func(w *media.Window, track string, _ manifest.Links, _ hls.Delta) ([]byte, error) {
			return text("media "+track, w)
		},
	}
}

func newFixture(t testing.TB, render *renderers, ids ...string) *fixture {
	t.Helper()
	return newFixtureWith(t, Config{render: render}, ids...)
}

func newFixtureWith(t testing.TB, cfg Config, ids ...string) *fixture {
	t.Helper()
	f := &fixture{
		t: t, catalog: &fakeCatalog{changes: make(chan catalog.Change)},
		handlers: make(chan Handler, 10), ln: fasthttputil.NewInmemoryListener(), served: make(chan error, 1),
	}
	for _, id := range ids {
		f.catalog.list = append(f.catalog.list, catalog.Channel{ID: id, Title: "Channel " + id, DVR: time.Minute, Segment: lasts})
	}
	var web fs.FS = fstest.MapFS{
		"index.html":                 {Data: []byte(strings.Repeat("<p>page</p>", 100))},
		"assets/app-Ab3_xY9z.js":     {Data: []byte(strings.Repeat("let a = 1;", 100))},
		"assets/font-0123abcd.woff2": {Data: []byte("font")},
	}
	var err error
	cfg.Catalog, cfg.Web, cfg.Log, cfg.Now = f.catalog, web, quiet, f.now
	cfg.Read = func(ctx context.Context, _ string, h Handler) error {
		f.handlers <- h
		<-ctx.Done()
		return ctx.Err()
	}
	f.server, err = New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	go func() { f.served <- f.server.Serve(f.ln) }()
	transport := &http.Transport{DisableCompression: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return f.ln.Dial() }}
	f.http = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := f.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-f.served; err != nil {
			t.Error(err)
		}
	})
	return f
}

// get is an answer with its body. header is field, value, field, value, …
func (f *fixture) get(method, path string, header ...string) (*http.Response, string) {
	f.t.Helper()
	req, err := http.NewRequest(method, "http://edge"+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := f.http.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp, string(body)
}

// await looks until ok, at every change of the channel's window.
func (f *fixture) await(id string, ok func() bool) {
	f.t.Helper()
	deadline := time.After(time.Minute)
	for {
		c := f.server.channels.get(id)
		var changed <-chan struct{}
		if c != nil {
			changed = c.window.Changed()
		}
		if ok() {
			return
		}
		poll := time.NewTimer(5 * time.Millisecond)
		select {
		case <-changed:
		case <-poll.C:
		case <-deadline:
			f.t.Fatal("it does not come about")
		}
		poll.Stop()
	}
}

// tracksOf are those of the test's runs.
func tracksOf() []media.Track {
	return []media.Track{
		{
			Name: "v1", Kind: media.Video, Codec: media.AVC, Codecs: "avc1.64001f", Timescale: 90000, Width: 1280, Height: 720,
			FrameRate: media.Fraction{Num: 25, Den: 1}, VideoRange: "SDR",
		},
		{Name: "a1", Kind: media.Audio, Codec: media.AAC, Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 2, Language: "en"},
	}
}

func begin(h Handler) {
	h.Target(lasts)
	h.Run(media.Run{Start: epoch, Tracks: tracksOf()}, []media.Init{{Track: "v1", Data: []byte("init v1")}, {Track: "a1", Data: []byte("init a1")}})
}

// segment is the chunks and the end of one segment of size bytes in n chunks.
func segment(t media.Track, number uint64, n, size int) ([]media.Chunk, media.SegmentEnd) {
	part := media.FromDuration(lasts, t.Timescale)
	start := media.FromTime(epoch, t.Timescale) + media.Ticks(number)*part
	end := media.SegmentEnd{
		Track: t.Name, Segment: number, Start: start, Duration: part, Timescale: t.Timescale, Chunks: n,
		Wall: epoch.Add(time.Duration(number) * lasts),
	}
	var chunks []media.Chunk
	for i := range n {
		data := bytes.Repeat([]byte{byte('a' + i), byte('0' + number%10)}, size/n/2)
		end.Bytes += int64(len(data))
		end.Checksum = crc32.Update(end.Checksum, crc32.MakeTable(crc32.Castagnoli), data)
		chunks = append(chunks, media.Chunk{
			Track: t.Name, Segment: number, Index: i, Start: start, Duration: part / media.Ticks(n), Timescale: t.Timescale,
			Independent: i == 0, Wall: end.Wall, Data: data,
		})
	}
	return chunks, end
}

// row hands over a whole row.
func row(h Handler, number uint64, n, size int) {
	for _, t := range tracksOf() {
		chunks, end := segment(t, number, n, size)
		for _, c := range chunks {
			h.Chunk(c)
		}
		h.End(end)
	}
}

// onAir is a fixture whose only channel, news, has rows 0 to 9, each segment with 4 chunks of 100 bytes.
func onAir(t testing.TB, render *renderers) (*fixture, Handler) {
	t.Helper()
	f := newFixture(t, render, "news")
	h := <-f.handlers
	begin(h)
	for n := range uint64(10) {
		row(h, n, 4, 400)
	}
	h.CaughtUp()
	f.at.Store(20)
	return f, h
}

var errTest = errors.New("test")
