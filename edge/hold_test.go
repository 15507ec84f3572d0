package edge

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"weir/internal/catalog"
	"weir/internal/media"
)

// onAirLow is onAir with parts of half a second and the real renderers, and the address that it can be reached at.
func onAirLow(t testing.TB, cfg Config) (*fixture, Handler, string) {
	t.Helper()
	f := newFixtureWith(t, cfg, "news")
	h := <-f.handlers
	tracks := tracksOf()
	for i := range tracks {
		tracks[i].Part = lasts / 4
	}
	h.Target(lasts)
	h.Run(media.Run{Start: epoch, Tracks: tracks}, []media.Init{{Track: "v1", Data: []byte("init v1")}, {Track: "a1", Data: []byte("init a1")}})
	for n := range uint64(10) {
		row(h, n, 4, 400)
	}
	h.CaughtUp()
	f.at.Store(20)
	conn := f.tcp()
	_ = conn.Close()
	return f, h, conn.RemoteAddr().String()
}

// player is a connection that requests are written to and answers read from, one after the other.
type player struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func play(t testing.TB, address string) *player {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &player{t, conn, bufio.NewReader(conn)}
}

// ask sends a request: a path, or a method and a path. header is lines.
func (p *player) ask(what string, header ...string) {
	p.t.Helper()
	if !strings.Contains(what, " ") {
		what = "GET " + what
	}
	lines := append([]string{what + " HTTP/1.1", "Host: edge"}, header...)
	if _, err := io.WriteString(p.conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		p.t.Fatal(err)
	}
}

// answer is the next one.
func (p *player) answer() (*http.Response, string) {
	p.t.Helper()
	return p.answerTo(http.MethodGet)
}

func (p *player) answerTo(method string) (*http.Response, string) {
	p.t.Helper()
	resp, err := http.ReadResponse(p.r, &http.Request{Method: method})
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp, string(body)
}

// get asks and wants an answer with that status at once.
func (p *player) get(status int, what string, header ...string) (*http.Response, string) {
	p.t.Helper()
	p.ask(what, header...)
	resp, body := p.answer()
	if resp.StatusCode != status {
		p.t.Fatalf("%s: %d, want %d: %.200s", what, resp.StatusCode, status, body)
	}
	return resp, body
}

// held waits until so many requests are held.
func (f *fixture) held(n int) {
	f.t.Helper()
	f.await("news", func() bool { return f.server.Stats().Held == n })
}

// still fails unless so many requests are held after all that the window has told of is settled.
func (f *fixture) still(n int) {
	f.t.Helper()
	f.server.channels.get("news").lot.settle()
	if got := f.server.Stats().Held; got != n {
		f.t.Fatalf("%d are held, want %d", got, n)
	}
}

const playlist = "/live/news/v1/index.m3u8"

func TestBlockingReload(t *testing.T) {
	t.Parallel()
	f, h, address := onAirLow(t, Config{})
	p := play(t, address)
	for _, at := range []string{"_HLS_msn=9", "_HLS_msn=3", "_HLS_msn=9&_HLS_part=3", "_HLS_msn=0&_HLS_part=99"} {
		resp, body := p.get(200, playlist+"?"+at)
		if !strings.Contains(body, "\n9.m4s") || !strings.Contains(body, "\n0.m4s") || resp.Header.Get("Cache-Control") != "public, max-age=12" {
			t.Errorf("%s: %v\n%s", at, resp.Header, body)
		}
	}
	chunks, end := segment(tracksOf()[0], 10, 4, 400)
	sound, soundEnd := segment(tracksOf()[1], 10, 4, 400)

	p.ask(playlist + "?_HLS_msn=10&_HLS_part=0")
	f.held(1)
	h.Chunk(sound[0])
	f.still(1)
	h.Chunk(chunks[0])
	resp, body := p.answer()
	if resp.StatusCode != 200 || !strings.Contains(body, `"10.0.m4s"`) || resp.Header.Get("Cache-Control") != "public, max-age=12" {
		t.Errorf("%d\n%s", resp.StatusCode, body)
	}
	if resp.Header.Get("Server") != "weir" || resp.Header.Get("Access-Control-Allow-Origin") != "*" || resp.Header.Get("Date") == "" ||
		resp.Header.Get("Content-Type") != hlsType || resp.Header.Get("Etag") == "" {
		t.Errorf("%v", resp.Header)
	}

	// A whole segment, and what stands for a part that it has not.
	whole, beyond := play(t, address), play(t, address)
	whole.ask(playlist + "?_HLS_msn=10")
	beyond.ask(playlist + "?_HLS_msn=10&_HLS_part=4")
	f.held(2)
	for _, c := range chunks[1:] {
		h.Chunk(c)
		f.still(2)
	}
	h.End(end)
	if _, body := whole.answer(); !strings.Contains(body, "\n10.m4s") {
		t.Error(body)
	}
	f.held(1)
	for _, c := range sound[1:] {
		h.Chunk(c)
	}
	h.End(soundEnd)
	f.still(1)
	chunks, _ = segment(tracksOf()[0], 11, 4, 400)
	h.Chunk(chunks[0])
	if _, body := beyond.answer(); !strings.Contains(body, `"11.0.m4s"`) {
		t.Error(body)
	}
	p.get(200, "/live/news/v1/10.m4s") // the connection goes on
}

func TestReloadsThatAreRefused(t *testing.T) {
	t.Parallel()
	_, _, address := onAirLow(t, Config{})
	p := play(t, address)
	for query, want := range map[string]string{
		"_HLS_part=0":             "_HLS_part: it means nothing without _HLS_msn\n",
		"_HLS_msn=12":             "_HLS_msn: 12 is too far ahead: the playlist ends with segment 9 and 0 parts more\n",
		"_HLS_msn=10&_HLS_part=7": "_HLS_part: 7 is too far ahead: the playlist ends with segment 9 and 0 parts more\n",
		"_HLS_msn=x":              "_HLS_msn: \"x\" must be the number of a segment\n",
		"_HLS_skip=all":           "_HLS_skip: \"all\" must be YES or v2\n",
		"dvr=5&dvr=5":             "dvr: it is there twice\n",
	} {
		if _, body := p.get(400, playlist+"?"+query); body != want {
			t.Errorf("%s: %q", query, body)
		}
	}
	p.get(404, "/live/news/a1/iframes.m3u8")
}

func TestHeldForTooLong(t *testing.T) {
	t.Parallel()
	_, _, address := onAirLow(t, Config{longest: 50 * time.Millisecond})
	p := play(t, address)
	for _, header := range []string{"X: y", `If-None-Match: "x"`} { // the second waits in place
		resp, _ := p.get(503, playlist+"?_HLS_msn=10", header)
		if resp.Header.Get("Retry-After") == "" {
			t.Errorf("%v", resp.Header)
		}
		p.get(404, "/live/news/v1/10.0.m4s", header)
		p.get(404, "/live/news/v1/10.m4s", header)
	}
	p.get(503, "/live/news/v1/iframes.m3u8?_HLS_msn=10")
	p.get(200, fmt.Sprintf("%s?_HLS_msn=10&end=%d", playlist, epoch.Add(13*time.Second).Unix())) // it has ended: nothing is waited for
}

func TestHintedPartIsHeld(t *testing.T) {
	t.Parallel()
	f, h, address := onAirLow(t, Config{})
	p := play(t, address)
	p.get(404, "/live/news/v1/10.1.m4s")
	p.get(404, "/live/news/v1/11.0.m4s")
	p.get(404, "/live/news/v2/10.0.m4s")
	chunks, end := segment(tracksOf()[0], 10, 2, 400)
	ranged := play(t, address)
	p.ask("/live/news/v1/10.0.m4s")
	ranged.ask("/live/news/v1/10.0.m4s", "Range: bytes=2-3")
	f.held(1)
	h.Chunk(chunks[0])
	if resp, body := p.answer(); body != string(chunks[0].Data) || resp.Header.Get("Cache-Control") != "public, max-age=60, immutable" {
		t.Errorf("%d, %v", len(body), resp.Header)
	}
	if resp, body := ranged.answer(); resp.StatusCode != 206 || body != string(chunks[0].Data[2:4]) {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	h.Chunk(chunks[1])
	p.ask("/live/news/v1/10.2.m4s") // hinted at, and never made
	f.held(1)
	h.End(end)
	if resp, _ := p.answer(); resp.StatusCode != 404 {
		t.Errorf("%d", resp.StatusCode)
	}
	p.get(404, "/live/news/v1/10.2.m4s")
}

func TestNextSegmentIsHeldUntilItBegins(t *testing.T) {
	t.Parallel()
	f, h, address := onAirLow(t, Config{})
	chunks, end := segment(tracksOf()[0], 10, 2, 400)
	p := play(t, address)
	p.get(404, "/live/news/v1/11.m4s")
	p.ask("/live/news/v1/10.m4s")
	f.await("news", func() bool { return f.server.channels.get("news").window.Snapshot() != nil })
	for _, c := range chunks {
		h.Chunk(c)
	}
	h.End(end)
	if resp, body := p.answer(); resp.StatusCode != 200 || body != string(chunks[0].Data)+string(chunks[1].Data) {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
}

func TestShutdownAnswersWhoIsHeld(t *testing.T) {
	t.Parallel()
	f, _, address := onAirLow(t, Config{})
	p, inPlace := play(t, address), play(t, address)
	p.ask(playlist + "?_HLS_msn=10")
	inPlace.ask(playlist+"?_HLS_msn=10", `If-None-Match: "x"`)
	f.held(1)
	f.await("news", func() bool { return f.server.http.GetOpenConnectionsCount() >= 2 })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if resp, _ := p.answer(); resp.StatusCode != 503 || !resp.Close {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

func TestRemovalAnswersWhoIsHeld(t *testing.T) {
	t.Parallel()
	f, _, address := onAirLow(t, Config{})
	p := play(t, address)
	p.ask(playlist + "?_HLS_msn=10")
	f.held(1)
	f.catalog.changes <- catalog.Change{ID: "news", Deleted: true}
	if resp, _ := p.answer(); resp.StatusCode != 404 {
		t.Errorf("%d", resp.StatusCode)
	}
	p.get(200, "/")
}

// A player that does not read must not keep others waiting, nor stay for ever.
func TestHeldPlayerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	f, h, address := onAirLow(t, Config{writeTimeout: 3 * time.Second})
	chunks, _ := segment(tracksOf()[0], 10, 1, 16<<20)
	lazy, quick := play(t, address), play(t, address)
	lazy.ask("/live/news/v1/10.0.m4s")
	f.held(1)
	quick.ask("/live/news/v1/10.0.m4s")
	f.held(2)
	h.Chunk(chunks[0])
	if _, body := quick.answer(); body != string(chunks[0].Data) {
		t.Errorf("%d bytes", len(body))
	}
	_ = quick.conn.Close()
	f.await("news", func() bool { return f.server.Stats().Connections == 1 }) // the fixture's own
}
