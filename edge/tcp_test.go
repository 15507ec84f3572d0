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
)

// tcp is a listener of the edge on the loopback, and a connection to it.
func (f *fixture) tcp() net.Conn {
	f.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(ln) }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		_ = conn.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := f.server.Shutdown(ctx); err != nil {
			f.t.Error(err)
		}
		if err := <-served; err != nil {
			f.t.Error(err)
		}
	})
	return conn
}

func TestWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	f, _ := onAir(t, fakeRenderers())
	for _, c := range []struct {
		request string
		status  int
	}{
		{"GET /live/news/v1/3.m4s HTTP/1.1\r\nHost: x\r\n\r\n", 200},
		{"GET http://other/live/news/v1/3.m4s HTTP/1.1\r\nHost: x\r\n\r\n", 200},
		{"GET /live/news/v1/3.m4s HTTP/1.0\r\n\r\n", 200},
		{"GET //live/news/v1/3.m4s HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"GET /live/news/v1/..%2f3.m4s HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"GET /live/news/v1/3.m4s\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"nonsense\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2*maxHeader) + "\r\n\r\n", 431},
		{"GET /" + strings.Repeat("x", maxPath) + " HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", 413},
	} {
		conn, err := f.ln.Dial()
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(conn, c.request) }()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%.60q: %v", c.request, err)
		}
		if resp.StatusCode != c.status {
			t.Errorf("%.60q: %d, want %d", c.request, resp.StatusCode, c.status)
		}
		_ = resp.Body.Close()
		_ = conn.Close()
	}
}

func TestPlayerThatDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, Config{render: fakeRenderers(), writeTimeout: 50 * time.Millisecond}, "news")
	h := <-f.handlers
	begin(h)
	row(h, 0, 1, 32<<20)
	conn := f.tcp()
	if _, err := io.WriteString(conn, "GET /live/news/v1/0.m4s HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	f.await("news", func() bool { return f.server.Stats().Requests != nil && f.server.Stats().Connections == 0 })
}

func TestShutdownFinishesAnswers(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	f := newFixture(t, fakeRenderers(), "news")
	h := <-f.handlers
	begin(h)
	row(h, 0, 1, size)
	conn := f.tcp()
	if _, err := io.WriteString(conn, "GET /live/news/v1/0.m4s HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	down := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		down <- f.server.Shutdown(ctx)
	}()
	<-f.server.ctx.Done()
	n, err := io.Copy(io.Discard, resp.Body)
	if n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

func TestShutdownCutsOffWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t, fakeRenderers(), "news")
	h := <-f.handlers
	begin(h)
	row(h, 0, 1, 32<<20)
	conn := f.tcp()
	if _, err := io.WriteString(conn, "GET /live/news/v1/0.m4s HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	f.await("news", func() bool { return f.server.Stats().Requests != nil })
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := f.server.Shutdown(ctx); err == nil {
		t.Error("it does not say that somebody was cut off")
	}
	if n, _ := io.Copy(io.Discard, conn); n >= 32<<20 {
		t.Error("the player got everything")
	}
}

// Answers of all sizes keep their order and bytes when requests come in one go.
func TestPipelinedRequests(t *testing.T) {
	t.Parallel()
	const rounds = 2 * hotAfter // so that the large ones come from memory files in the end
	f := newFixture(t, fakeRenderers(), "news")
	h := <-f.handlers
	begin(h)
	sizes := []int{2, 4 << 10, 100, 64 << 10, 3 << 20, 4000, 4096 - 300, 8 << 10}
	for n, size := range sizes {
		row(h, uint64(n), 1, size)
	}
	conn := f.tcp()
	go func() {
		var all strings.Builder
		for round := range rounds {
			for n := range sizes {
				fmt.Fprintf(&all, "GET /live/news/v1/%d.m4s HTTP/1.1\r\nHost: x\r\nX-Round: %d\r\n\r\n", n, round)
			}
		}
		_, _ = io.WriteString(conn, all.String())
	}()
	r := bufio.NewReader(conn)
	for range rounds {
		for n, size := range sizes {
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != strings.Repeat(fmt.Sprintf("a%d", n), size/2) {
				t.Fatalf("answer %d: %d bytes of %d, %v", n, len(body), size, err)
			}
		}
	}
}

// BenchmarkTCP is segments of 150 KB and 1.5 MB over the loopback; the reader's work is in the figure too.
func BenchmarkTCP(b *testing.B) {
	for _, size := range []int{150_000, 1_500_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			f := newFixture(b, fakeRenderers(), "news")
			h := <-f.handlers
			begin(h)
			row(h, 0, 10, size)
			conn := f.tcp()
			req := []byte("GET /live/news/v1/0.m4s HTTP/1.1\r\nHost: edge\r\n\r\n")
			buf := make([]byte, 256<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(req); err != nil {
					b.Fatal(err)
				}
				for got, want := 0, 1; got < want; {
					n, err := conn.Read(buf)
					if err != nil {
						b.Fatal(err)
					}
					if got == 0 {
						want = answerSize(b, buf[:n])
						b.SetBytes(int64(want))
					}
					got += n
				}
			}
		})
	}
}

// The answer to HEAD for a segment that is being made once left an empty line in the connection.
func TestHeadOfOpenSegmentLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	f, h := onAir(t, fakeRenderers())
	chunks, _ := segment(tracksOf()[0], 10, 2, 2000)
	h.Chunk(chunks[0])
	conn := f.tcp()
	go func() {
		_, _ = io.WriteString(conn, "HEAD /live/news/v1/10.m4s HTTP/1.1\r\nHost: x\r\n\r\nGET /live/news/v1/3.m4s HTTP/1.1\r\nHost: x\r\n\r\n")
	}()
	r := bufio.NewReader(conn)
	if resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodHead}); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("HEAD: %v", err)
	}
	if start, err := r.Peek(5); err != nil || string(start) != "HTTP/" {
		t.Errorf("the next answer begins with %q, %v", start, err)
	}
}
