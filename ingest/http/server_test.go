package http

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/ingest/mpegts/tstest"
)

func feedOf(frames int) []byte {
	m := &tstest.Muxer{}
	tstest.Feed{Frames: frames}.Write(m)
	return m.Bytes()
}

// send makes a request with a connection of its own.
func send(t *testing.T, method, url string, body io.Reader, header http.Header) (status int, answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: 5 * time.Second}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(b))
}

func TestStreamIsAFeed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, path   string
		header         http.Header
		channel, rungs string
		key            string
	}{
		"query":     {"POST", "/ts/news?key=a+b%20c", nil, "news", "", "a+b c"},
		"bearer":    {"PUT", "/ts/news/720p", http.Header{"Authorization": {"Bearer s3cret"}}, "news", "720p", "s3cret"},
		"basic":     {"POST", "/ts/news", http.Header{"Authorization": {"Basic eDpzM2NyZXQ="}}, "news", "", "s3cret"},
		"without":   {"POST", "/ts/news?other=1", nil, "news", "", ""},
		"100 first": {"POST", "/ts/news", http.Header{"Expect": {"100-continue"}}, "news", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &ingesttest.Server{}
			url, _ := serve(t, Config{Ingest: in})
			body := feedOf(50)
			status, answer := send(t, tc.method, url+tc.path, bytes.NewReader(body), tc.header)
			feed := in.Next(t)
			reason, samples := feed.WaitClosed(t), len(feed.Got().Samples)
			if status != 200 || answer != fmt.Sprintf("the feed has ended: %d bytes", len(body)) || reason != nil || samples < 140 {
				t.Errorf("%d %q, %d samples, closed by %v", status, answer, samples, reason)
			}
			p := feed.Publish
			if p.Channel != tc.channel || p.Rendition != tc.rungs || p.Key != tc.key || p.Protocol != "http" || p.Remote == "" {
				t.Errorf("%#v with key %q", p, p.Key)
			}
		})
	}
}

// Whoever is not taken is told why, and what to mend.
func TestRefusals(t *testing.T) {
	t.Parallel()
	var mpeg2 tstest.Muxer
	mpeg2.Tables(false, tstest.Program{Number: 1, PCR: 0x100, Streams: []tstest.Stream{{PID: 0x100, Type: 0x02}}})
	for name, tc := range map[string]struct {
		method, path string
		refuse       error
		body         []byte
		status       int
		words        string
	}{
		"unknown":     {refuse: ingest.ErrUnknownChannel, status: 404, words: `no channel "news"`},
		"key":         {refuse: ingest.ErrKey, status: 403, words: "?key=KEY"},
		"address":     {refuse: ingest.ErrAddress, status: 403, words: "address"},
		"taken":       {refuse: fmt.Errorf("%w: x", ingest.ErrTaken), status: 409, words: "taken"},
		"full":        {refuse: ingest.ErrFull, status: 503, words: "try again later"},
		"closing":     {refuse: ingest.ErrClosing, status: 503, words: "shutting down"},
		"other":       {refuse: errors.New("secret"), status: 503, words: "try again later"},
		"no stream":   {body: bytes.Repeat([]byte("hello"), 100_000), status: 415, words: "no MPEG transport stream"},
		"empty":       {status: 415, words: "no MPEG transport stream"},
		"unsupported": {body: mpeg2.Bytes(), status: 415, words: "video is MPEG-2 video; send H.264 or HEVC"},
		"path":        {path: "/ts/", status: 404, words: "/ts/CHANNEL"},
		"long path":   {path: "/ts/a/b/c", status: 404, words: "/ts/CHANNEL"},
		"method":      {method: "GET", status: 405, words: "POST or PUT"},
		"nothing":     {path: "/cmaf/news/x", status: 404, words: "there is nothing here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &ingesttest.Server{Refuse: func(ingest.Publish) error { return tc.refuse }}
			url, _ := serve(t, Config{Ingest: in})
			method, path := tc.method, tc.path
			if method == "" {
				method = "POST"
			}
			if path == "" {
				path = "/ts/news"
			}
			status, words := send(t, method, url+path, bytes.NewReader(tc.body), nil)
			if status != tc.status || !strings.Contains(words, tc.words) || strings.Contains(words, "secret") || strings.Contains(words, "\n") {
				t.Errorf("%d %q", status, words)
			}
		})
	}
}

func announced(r ingesttest.Record) bool { return len(r.Starts) > 0 }

// open begins a feed that goes on, and gives the connection and what it answers.
func open(t *testing.T, url string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	body := feedOf(30)
	_, _ = fmt.Fprintf(c, "POST /ts/news HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(body), body)
	return c, bufio.NewReader(c)
}

// The server's wish ends a feed, whose sender is told, however long it says nothing.
func TestServerEndsAFeed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		end    func(f *ingesttest.Feed, stop func())
		status int
	}{
		"deleted": {func(f *ingesttest.Feed, _ func()) { f.End(ingest.ErrDeleted) }, 404},
		"limit":   {func(f *ingesttest.Feed, _ func()) { f.End(fmt.Errorf("%w: bitrate", ingest.ErrLimit)) }, 413},
		"lost":    {func(f *ingesttest.Feed, _ func()) { f.End(ingest.ErrLost) }, 409},
		"stopped": {func(_ *ingesttest.Feed, stop func()) { stop() }, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &ingesttest.Server{}
			url, stop := serve(t, Config{Ingest: in})
			_, answers := open(t, url)
			feed := in.Next(t)
			feed.Wait(t, "tracks are announced", announced)
			tc.end(feed, stop)
			resp, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if reason := feed.WaitClosed(t); resp.StatusCode != tc.status || reason == nil {
				t.Errorf("%d, closed by %v", resp.StatusCode, reason)
			}
		})
	}
}

func TestSenderThatStandsStillIsSentAway(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	url, _ := serve(t, Config{Ingest: in, IdleTimeout: time.Second})
	_, answers := open(t, url)
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	feed := in.Next(t)
	reason, samples := feed.WaitClosed(t), len(feed.Got().Samples)
	if resp.StatusCode != 408 || !errors.Is(reason, errIdle) || samples == 0 {
		t.Errorf("%d, %d samples, closed by %v", resp.StatusCode, samples, reason)
	}
}

// A connection that is lost ends the feed with what came.
func TestLostConnectionEndsTheFeed(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	url, _ := serve(t, Config{Ingest: in})
	c, _ := open(t, url)
	feed := in.Next(t)
	feed.Wait(t, "tracks are announced", announced)
	_ = c.Close()
	if reason := feed.WaitClosed(t); reason == nil || !strings.Contains(reason.Error(), "connection lost") {
		t.Errorf("closed by %v", reason)
	}
}

// Slow headers, large ones and too many connections do not get far.
func TestBounds(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, Config{Ingest: &ingesttest.Server{}, HeaderTimeout: 2 * time.Second, Connections: 2})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		return c
	}
	slow := dial()
	_, _ = slow.Write([]byte("POST /ts/a HTTP/1.1\r\n"))
	if n, err := io.Copy(io.Discard, slow); err != nil || n > 500 {
		t.Errorf("slow header: %d, %v", n, err)
	}
	large := dial()
	_, _ = fmt.Fprintf(large, "POST /ts/a HTTP/1.1\r\nX: %s\r\n\r\n", strings.Repeat("x", 40<<10))
	if resp, err := http.ReadResponse(bufio.NewReader(large), nil); err != nil || resp.StatusCode != 431 {
		t.Errorf("large header: %v, %v", resp, err)
	}
}

// needs skips the test where a program is not installed.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(program + " is not installed")
	}
}

// ffmpeg and GStreamer send by POST and PUT; all that they encoded comes.
func TestSenders(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"ffmpeg": {
			"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x64:r=25", "-f", "lavfi", "-i", "sine", "-t", "2", "-pix_fmt", "yuv420p",
			"-c:v", "libx264", "-g", "25", "-c:a", "aac", "-f", "mpegts", "-method", "POST", "URL",
		},
		"GStreamer": strings.Fields("gst-launch-1.0 mpegtsmux name=m ! curlhttpsink location=URL use-content-length=false " +
			"videotestsrc num-buffers=50 ! video/x-raw,width=64,height=64,framerate=25/1 ! openh264enc gop-size=25 ! h264parse ! m. " +
			"audiotestsrc num-buffers=86 ! audio/x-raw,rate=44100 ! avenc_aac ! m."),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs(t, args[0])
			in := &ingesttest.Server{}
			url, _ := serve(t, Config{Ingest: in})
			for i, a := range args {
				args[i] = strings.Replace(a, "URL", url+"/ts/news?key=k", 1)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
			if strings.Contains(string(out), "no element") {
				t.Skipf("a GStreamer plugin is missing: %s", out)
			}
			feed := in.Next(t)
			reason, samples := feed.WaitClosed(t), len(feed.Got().Samples)
			if len(feed.Got().Starts) != 1 || samples < 130 || reason != nil || feed.Publish.Key != "k" || len(in.Feeds()) > 1 {
				t.Errorf("%d starts, %d samples, closed by %v, %d more feeds; %v\n%s", len(feed.Got().Starts), samples, reason, len(in.Feeds())-1, err, out)
			}
		})
	}
}
