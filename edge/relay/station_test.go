package relay

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"weir/edge"
	"weir/internal/catalog"
	"weir/internal/media"
	"weir/packager"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // runs as long as the process
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // looks every 10 s whether it should end
	)
}

const deadline = time.Minute

var (
	epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	quiet = slog.New(slog.DiscardHandler)
)

// channels is a catalog of one, news.
type channels struct{}

var news = catalog.Channel{ID: "news", Title: "News", DVR: time.Minute, Segment: 2 * time.Second, Chunk: 200 * time.Millisecond}

func (channels) Channels() []catalog.Channel { return []catalog.Channel{news} }

func (channels) Watch(ctx context.Context) <-chan catalog.Change {
	out := make(chan catalog.Change, 1)
	out <- catalog.Change{ID: "news", Channel: news}
	context.AfterFunc(ctx, func() { close(out) })
	return out
}

// station is an edge of another cluster, behind a proxy that counts and does what it is told.
type station struct {
	url     string
	handler edge.Handler
	proxy   atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]

	mu    sync.Mutex
	asked map[string]int
}

// clock is one that the test moves.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return epoch.Add(time.Duration(c.at.Load())) }

func newStation(t *testing.T, now func() time.Time) *station {
	t.Helper()
	s := &station{asked: make(map[string]int)}
	handlers := make(chan edge.Handler, 1)
	server, err := edge.New(edge.Config{
		Catalog: channels{}, Carry: []string{"token"}, Log: quiet, Now: now,
		Read: func(ctx context.Context, _ string, h edge.Handler) error {
			handlers <- h
			<-ctx.Done()
			return ctx.Err()
		},
	})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		require.NoError(t, server.Shutdown(ctx))
		require.NoError(t, <-served)
	})
	s.handler = <-handlers
	to, err := url.Parse("http://" + ln.Addr().String())
	require.NoError(t, err)
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, Transport: transport, FlushInterval: -1,
		ErrorLog: slog.NewLogLogger(quiet.Handler(), slog.LevelError), ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.URL.Path]++
		s.mu.Unlock()
		if does := s.proxy.Load(); does != nil && (*does)(w, r) {
			return
		}
		pass.ServeHTTP(w, r)
	}))
	front.Config.ErrorLog = slog.NewLogLogger(quiet.Handler(), slog.LevelError)
	front.Start()
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// does makes the proxy do something in the place of what it is for, where that is true.
func (s *station) does(f func(w http.ResponseWriter, r *http.Request) bool) { s.proxy.Store(&f) }

// dies makes it answer nothing any more.
func (s *station) dies() {
	s.does(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
}

func (s *station) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

// feed is a broadcaster of all stations, with the packager between: frames of 40 ms, of which each 25th is a key frame.
type feed struct {
	t     *testing.T
	p     *packager.Packager
	frame int
}

// all hands everything to all stations.
type all []*station

func (a all) Target(d time.Duration) error { return a.each(func(h edge.Handler) { h.Target(d) }) }
func (a all) Run(run media.Run, inits []media.Init) error {
	return a.each(func(h edge.Handler) { h.Run(run, inits) })
}
func (a all) Chunk(c media.Chunk) error    { return a.each(func(h edge.Handler) { h.Chunk(c) }) }
func (a all) End(e media.SegmentEnd) error { return a.each(func(h edge.Handler) { h.End(e) }) }
func (a all) Signal(s media.Signal) error  { return a.each(func(h edge.Handler) { h.Signal(s) }) }

func (a all) each(f func(edge.Handler)) error {
	for _, s := range a {
		f(s.handler)
	}
	return nil
}

func newFeed(t *testing.T, to ...*station) *feed {
	t.Helper()
	p, err := packager.New(packager.Config{Segment: news.Segment, Chunk: news.Chunk}, packager.Resume{}, all(to))
	require.NoError(t, err)
	config := []byte("\x01\x64\x00\x1e\xff\xe1\x00\x19\x67\x64\x00\x1e\xac\xd9\x40\xa0\x2f\xf9\x61\x00\x00\x03\x00\x01\x00\x00\x03\x00\x3c\x8f\x16\x2d\x96" +
		"\x01\x00\x05\x68\xeb\xec\xb2\x2c\xfd\xf8\xf8\x00")
	require.NoError(t, p.Start([]media.Format{{Codec: media.AVC, Config: config, Clock: media.Clock{Timescale: 90000}}}, epoch))
	_ = all(to).each(func(h edge.Handler) { h.CaughtUp() })
	return &feed{t: t, p: p}
}

// until goes on up to that time after the beginning.
func (f *feed) until(end time.Duration) {
	f.t.Helper()
	for ; time.Duration(f.frame)*40*time.Millisecond < end; f.frame++ {
		nal := bytes.Repeat([]byte{byte(f.frame)}, 2000+f.frame%50)
		nal[0] = 0x41
		if f.frame%25 == 0 {
			nal[0] = 0x65
		}
		at := media.Ticks(f.frame) * 3600
		sample := media.Sample{PTS: at, DTS: at, Sync: f.frame%25 == 0, Data: append(binary.BigEndian.AppendUint32(nil, uint32(len(nal))), nal...)}
		require.NoError(f.t, f.p.Write(sample, epoch.Add(time.Duration(f.frame)*40*time.Millisecond)))
	}
}

// relayed is a relay before stations.
type relayed struct {
	*Server
	t   *testing.T
	url string
	at  *clock
}

// newRelay is a relay of stations that are fed up to at.
func newRelay(t *testing.T, at time.Duration, n int) (*relayed, *feed, []*station) {
	t.Helper()
	r := &relayed{t: t, at: &clock{}}
	r.at.at.Store(int64(at))
	var stations []*station
	var urls []string
	for range n {
		s := newStation(t, r.at.now)
		stations, urls = append(stations, s), append(urls, s.url)
	}
	f := newFeed(t, stations...)
	f.until(at)
	r.open(urls...)
	return r, f, stations
}

func (r *relayed) open(urls ...string) {
	r.t.Helper()
	var err error
	r.Server, err = New(Config{Upstreams: urls, Memory: 64 << 20, Carry: []string{"token"}, Log: quiet, Now: r.at.now, every: 20 * time.Millisecond})
	require.NoError(r.t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(r.t, err)
	served := make(chan error, 1)
	go func() { served <- r.Serve(ln) }()
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		require.NoError(r.t, r.Shutdown(ctx))
		require.NoError(r.t, <-served)
	})
	r.url = "http://" + ln.Addr().String()
	require.Eventually(r.t, func() bool { return r.Ready() == nil }, deadline, 5*time.Millisecond)
}

// query asks for a URL. header is field, value, field, value, …
func query(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	resp := begin(t, method, url, header...)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func begin(t *testing.T, method, url string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	return resp
}

func (r *relayed) get(path string, header ...string) (*http.Response, string) {
	r.t.Helper()
	return query(r.t, http.MethodGet, r.url+path, header...)
}
