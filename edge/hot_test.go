package edge

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// needsMemoryFiles skips a test where the system has none.
func needsMemoryFiles(t *testing.T) {
	t.Helper()
	f, err := newMemoryFile(hugePage)
	if err != nil {
		t.Skipf("this system has no memory files with huge pages, so nothing is kept in them: %v", err)
	}
	f.close()
}

// askAgain asks for a segment until there is a copy.
func askAgain(t *testing.T, h *hotSet, data []byte) place {
	t.Helper()
	for n := range hotAfter - 1 {
		if p := h.find(data); p.file != nil {
			t.Fatalf("there is a copy after %d requests", n+1)
		}
	}
	return h.find(data)
}

// bytesAt is what the file has at a place.
func bytesAt(t *testing.T, p place, size int) []byte {
	t.Helper()
	ours, theirs := tcpPair(t)
	raw, err := ours.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := (&connection{Conn: ours, raw: raw}).sendFile([]byte("head"), p, size)
		sent <- err
	}()
	got := make([]byte, 4+size)
	if _, err := io.ReadFull(theirs, got); err != nil || string(got[:4]) != "head" {
		t.Fatalf("%.4q, %v", got, err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	return got[4:]
}

func tcpPair(t *testing.T) (*net.TCPConn, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	theirs, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	conn, ok := ours.(*net.TCPConn)
	if !ok {
		t.Fatalf("%T", ours)
	}
	return conn, theirs
}

func TestHotSegments(t *testing.T) {
	t.Parallel()
	needsMemoryFiles(t)
	const size = 3 << 20 // two fit a file
	h := hotSet{limit: 2*hotFileSize + hugePage, log: quiet}
	segments := make([][]byte, 7)
	for i := range segments {
		segments[i] = bytes.Repeat([]byte{byte('a' + i)}, size)
	}
	if p := h.find(segments[0][:hotFrom-1]); p.file != nil || len(h.known) != 0 {
		t.Error("a small segment is remembered")
	}
	var places []place
	for i := range 4 {
		p := askAgain(t, &h, segments[i])
		if got := bytesAt(t, p, size); !bytes.Equal(got, segments[i]) {
			t.Errorf("the copy of segment %d is not like it", i)
		}
		places = append(places, p)
	}
	if again := h.find(segments[0]); again != places[0] {
		t.Error("there is another copy")
	} else {
		again.release()
	}
	if p := askAgain(t, &h, segments[4]); p.file != nil || h.held != 2*hotFileSize {
		t.Errorf("over the limit: %d bytes", h.held)
	}
	if got := bytesAt(t, places[1], size); !bytes.Equal(got, segments[1]) {
		t.Error("a copy that had to make way is gone before it was released")
	}
	for _, p := range places {
		p.release()
	}
	if h.held != 0 {
		t.Errorf("%d bytes are held when all had to make way and was released", h.held)
	}
	askAgain(t, &h, segments[5]).release()
	if h.held != hotFileSize {
		t.Errorf("%d bytes are held, want one file", h.held)
	}
	for i := range 2 { // two cycles: a weak pointer may outlive one
		h.sweep()
		runtime.GC()
		if i == 0 && h.held == 0 {
			t.Error("a segment that is there was dropped")
		}
		runtime.KeepAlive(segments)
	}
	segments = nil
	for deadline := time.Now().Add(time.Minute); h.held > 0; h.sweep() {
		runtime.GC()
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are held of segments that are gone", h.held)
		}
	}
	if len(h.known) > 0 {
		t.Errorf("%d segments are remembered", len(h.known))
	}
	last := bytes.Repeat([]byte("x"), size)
	p := askAgain(t, &h, last)
	h.close()
	if got := bytesAt(t, p, size); !bytes.Equal(got, last) {
		t.Error("close spoils an answer under way")
	}
	p.release()
	if h.held != 0 || h.find(last).file != nil {
		t.Error("something is kept after close")
	}
}

// TestAnswersFromMemoryFiles: who asks for a segment later gets the same, whole and in part.
func TestAnswersFromMemoryFiles(t *testing.T) {
	t.Parallel()
	f := newFixture(t, fakeRenderers(), "news")
	h := <-f.handlers
	begin(h)
	const size = 1 << 20
	row(h, 0, 4, size)
	_, whole := f.get("GET", "/live/news/v1/0.m4s")
	conn := f.tcp()
	r := bufio.NewReader(conn)
	ask := func(method, header string, status int, want string) {
		t.Helper()
		if _, err := fmt.Fprintf(conn, "%s /live/news/v1/0.m4s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, header); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != status || string(body) != want {
			t.Fatalf("%s %s: %d, %d bytes, %v", method, header, resp.StatusCode, len(body), err)
		}
	}
	for range 2 * hotAfter {
		ask("GET", "", 200, whole)
		ask("HEAD", "", 200, "")
		ask("GET", "Range: bytes=300000-699999\r\n", 206, whole[300000:700000])
		ask("GET", "Range: bytes=10-19\r\n", 206, whole[10:20])
	}
	f.server.hot.mu.Lock()
	held, files := f.server.hot.held, f.server.hot.files
	f.server.hot.mu.Unlock()
	if _, err := newMemoryFile(hugePage); err == nil && held == 0 {
		t.Error("there is no copy of what was asked for often")
	}
	for _, file := range files {
		if file.holds != 1 {
			t.Errorf("an idle connection holds a file: %d", file.holds)
		}
	}
}

// TestShutdownCutsOffAnswersFromMemory: a player that takes nothing holds no copy once it is cut off.
func TestShutdownCutsOffAnswersFromMemory(t *testing.T) {
	t.Parallel()
	needsMemoryFiles(t)
	f := newFixture(t, fakeRenderers(), "news")
	h := <-f.handlers
	begin(h)
	row(h, 0, 4, 30<<20)
	seg, _ := f.server.channels.get("news").window.Segment("v1", 0)
	askAgain(t, &f.server.hot, seg.Data).release()
	conn := f.tcp()
	if _, err := io.WriteString(conn, "GET /live/news/v1/0.m4s HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	holds := func() int {
		f.server.hot.mu.Lock()
		defer f.server.hot.mu.Unlock()
		if len(f.server.hot.files) == 0 {
			return 0
		}
		return f.server.hot.files[0].holds
	}
	f.await("news", func() bool { return holds() == 2 })
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := f.server.Shutdown(ctx); err == nil {
		t.Error("it does not say that somebody was cut off")
	}
	if n, _ := io.Copy(io.Discard, conn); n >= 30<<20 {
		t.Error("the player got everything")
	}
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		f.server.hot.mu.Lock()
		held := f.server.hot.held
		f.server.hot.mu.Unlock()
		if held == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are held", held)
		}
	}
}
