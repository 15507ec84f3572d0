package cmaf

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/ingest"
	"weir/ingest/ingesttest"
)

// Every request that is refused gets its status, and words that say what to mend; the channel is not harmed.
func TestRefusals(t *testing.T) {
	t.Parallel()
	encrypted := bytes.Replace(soundHeader(), []byte("mp4a"), []byte("enca"), 1)
	unknown := bytes.Replace(soundHeader(), []byte("mp4a"), []byte("mha1"), 1)
	cut := sound(0, 4)
	late := bytes.Replace(sound(0, 1), be(4, 8), be(4, 200<<20), 1) // a frame of 200 MB
	for _, c := range []struct {
		name, method, path string
		body               []byte
		status             int
		words              string
	}{
		{"unknown channel", "PUT", "/cmaf/nobody/a/init.mp4", soundHeader(), 404, `there is no channel "nobody"`},
		{"no key", "PUT", "/cmaf/news/a/init.mp4", soundHeader(), 403, "wrong or missing key"},
		{"wrong key", "PUT", "/cmaf/news/a/init.mp4?key=guess", soundHeader(), 403, "wrong or missing key"},
		{"no track", "PUT", "/cmaf/live", soundHeader(), 403, "names no track"},
		{"way out", "PUT", "/cmaf/live/%2e%2e/news/init.mp4", soundHeader(), 403, "names no track"},
		{"no header", "PUT", "/cmaf/live/a/1.m4s", sound(0, 4), 412, "header of the track is missing"},
		{"garbage", "PUT", "/cmaf/live/a/1.m4s", []byte(strings.Repeat("garbage!", 100)), 415, "not CMAF"},
		{"a transport stream", "POST", "/cmaf/live/a/1.ts", append([]byte("G@\x11\x10"), make([]byte, 184)...), 415, "not CMAF"},
		{"encrypted", "PUT", "/cmaf/live/a/init.mp4", encrypted, 415, "encrypted"},
		{"codec", "PUT", "/cmaf/live/a/init.mp4", unknown, 415, `codec "mha1"`},
		{"header cut off", "PUT", "/cmaf/live/a/init.mp4", soundHeader()[:200], 400, "cut off"},
		{"huge header", "PUT", "/cmaf/live/a/init.mp4", append(be(4, 1<<31), "moov"...), 400, "2147483640 bytes"},
		{"cut off", "PUT", "/cmaf/live/b/1.m4s", append(soundHeader(), cut[:len(cut)-3]...), 400, "cut off"},
		{"size 0", "PUT", "/cmaf/live/b/1.m4s", append(soundHeader(), be(4, 0, 0x6d6f6f66)...), 400, "size must be known"},
		{"frame of 200 MB", "PUT", "/cmaf/live/b/1.m4s", append(soundHeader(), late...), 400, "209715200 bytes"},
		{"other track", "PUT", "/cmaf/live/b/1.m4s", append(soundHeader(), segment(7, 0, part{1024, "x"})...), 412, "track 7"},
		{"packed", "PUT", "/cmaf/live/a/init.mp4?packed", soundHeader(), 415, `packed with "br"`},
		{"method", "GET", "/cmaf/live/a/init.mp4", nil, 405, "PUT or POST"},
		{"nothing to delete", "DELETE", "/cmaf/live/a/1.m4s", nil, 404, "nothing is being pushed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			req, err := http.NewRequestWithContext(t.Context(), c.method, b.server.URL+c.path, bytes.NewReader(c.body))
			require.NoError(t, err)
			if strings.HasSuffix(c.path, "?packed") {
				req.Header.Set("Content-Encoding", "br")
			}
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			words, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, c.status, resp.StatusCode, string(words))
			require.Contains(t, string(words), c.words)
			require.NotContains(t, b.log.String(), "guess")
			b.put("/cmaf/live/good/init.mp4", soundHeader())
			b.put("/cmaf/live/good/1.m4s", sound(0, 100))
			ingesttest.Eventually(t, "samples of the good track", func() bool { return len(b.feed(0).Got().Samples) >= 100 })
		})
	}
}

// What ingest refuses to open has its own status each.
func TestChannelThatIsNotFree(t *testing.T) {
	t.Parallel()
	for err, status := range map[error]int{
		ingest.ErrTaken: 409, ingest.ErrFull: 503, ingest.ErrClosing: 503, ingest.ErrAddress: 403, ingest.ErrRefused: 403, io.ErrClosedPipe: 503,
	} {
		b := newBench(t, nil)
		b.opener.Refuse = func(ingest.Publish) error { return fmt.Errorf("open: %w", err) }
		got, words := b.send("PUT", "/cmaf/live/a/init.mp4", bytes.NewReader(soundHeader()))
		require.Equal(t, status, got, words)
	}
}

// Keys come in any of three ways, and each request of a session needs one.
func TestKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	ways := []func(*http.Request){
		func(r *http.Request) { r.URL.RawQuery = "key=s3cret" },
		func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cret") },
		func(r *http.Request) { r.SetBasicAuth("anybody", "s3cret") },
	}
	for i := range 4 {
		req, err := http.NewRequestWithContext(t.Context(), "PUT", b.server.URL+"/cmaf/news/a.cmfa", bytes.NewReader(append(soundHeader(), sound(i*10, 10)...)))
		require.NoError(t, err)
		want := http.StatusForbidden
		if i < len(ways) {
			ways[i](req)
			want = http.StatusOK
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, "request %d", i)
	}
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Samples) == 30 })
}

// Manifests beside the media, requests without anything, and deletions of what a sender lists no more are answered well and change
// nothing.
func TestWhatSendersSendBeside(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	status, _ := b.send("POST", "/cmaf/live", nil) // an empty request asks
	require.Equal(t, 200, status)
	b.put("/cmaf/live/manifest.mpd", []byte("<MPD/>"))
	b.put("/cmaf/live/a/init.mp4", soundHeader())
	b.put("/cmaf/live/a/1.m4s", sound(0, 50))
	b.put("/cmaf/live/master.m3u8", []byte("#EXTM3U"))
	status, _ = b.send("DELETE", "/cmaf/live/a/1.m4s", nil)
	require.Equal(t, 200, status)
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Samples) == 50 })
	require.Equal(t, 1, strings.Count(b.log.String(), "manifests that the sender pushes are not used"))
}

// A body may be packed.
func TestGzip(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(append(soundHeader(), sound(0, 50)...))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	req, err := http.NewRequestWithContext(t.Context(), "PUT", b.server.URL+"/cmaf/live/a.cmfa", &packed)
	require.NoError(t, err)
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Samples) == 50 })
}

// A feed that the server ends: the request that is under way is told so, and the next one begins another feed.
func TestServerEndsTheFeed(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r, w := io.Pipe()
	answered := make(chan int, 1)
	go func() {
		status, _ := b.send("POST", "/cmaf/live/a.cmfa", r)
		answered <- status
	}()
	_, err := w.Write(append(soundHeader(), sound(0, 50)...))
	require.NoError(t, err)
	ingesttest.Eventually(t, "samples", func() bool { all := b.opener.Feeds(); return len(all) == 1 && len(all[0].Got().Of(0)) == 50 })
	b.feed(0).End(ingest.ErrDeleted)
	require.Equal(t, 404, <-answered)
	_ = w.Close()
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(100, 50)...))
	ingesttest.Eventually(t, "samples", func() bool { all := b.opener.Feeds(); return len(all) == 2 && len(all[1].Got().Of(0)) == 50 })
}

// A sender that says nothing any more loses its channel after a while.
func TestSilence(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) { c.Idle = 300 * time.Millisecond })
	r, w := io.Pipe()
	answered := make(chan string, 1)
	go func() {
		_, words := b.send("POST", "/cmaf/live/a.cmfa", r)
		answered <- words
	}()
	_, err := w.Write(append(soundHeader(), sound(0, 1)...))
	require.NoError(t, err)
	require.Contains(t, <-answered, "nothing received")
	_ = w.Close()
	require.ErrorIs(t, b.feed(0).WaitClosed(t), errIdle)
}

// A sender that is gone as soon as all is sent, without reading the answer, is served as any other.
func TestSenderThatDoesNotReadAnswers(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, content := range [][]byte{soundHeader(), sound(0, 20), sound(20, 20)} {
		conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "PUT /cmaf/live/a.cmfa HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		ingesttest.Eventually(t, "it was taken", func() bool {
			all := b.opener.Feeds()
			return len(all) > 0 && (len(content) == len(soundHeader()) || len(all[0].Got().Of(0)) > 0)
		})
	}
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Of(0)) == 40 })
}

// A sender that waits for leave before it sends is asked for the key, as it gives none by itself.
func TestKeyIsAskedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, c := range []struct {
		path   string
		status string
	}{{"/cmaf/news/a.cmfa", "401"}, {"/cmaf/news/a.cmfa?key=guess", "400"}} {
		conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n", c.path)
		require.NoError(t, err)
		answer := make([]byte, 12)
		if c.status == "401" {
			_, err = io.ReadFull(conn, answer)
			require.NoError(t, err)
			require.Equal(t, "HTTP/1.1 401", string(answer))
		} else {
			_, err = io.WriteString(conn, "moof")
			require.NoError(t, err)
			all, err := io.ReadAll(conn)
			require.NoError(t, err)
			require.NotContains(t, string(all), "401")
		}
		require.NoError(t, conn.Close())
	}
}
