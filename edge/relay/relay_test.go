package relay

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A relay answers as the edge behind it does.
func TestRelayAnswersAsItsUpstream(t *testing.T) {
	t.Parallel()
	r, _, stations := newRelay(t, 9*time.Second, 1)
	for _, path := range []string{
		"/live/index.json", "/live/news/index.m3u8", "/live/news/manifest.mpd", "/live/news/v1/index.m3u8", "/live/news/v1/index.m3u8?_HLS_skip=YES",
		"/live/news/v1/iframes.m3u8", "/live/news/v1/init-1.mp4", "/live/news/v1/1.m4s", "/live/news/v1/1.0.m4s", "/live/news/v1/1.key.m4s",
		"/live/news/index.m3u8?dvr=2s", "/live/news/index.m3u8?dvr=x", "/live/news/v1/77777.m4s", "/live/none/index.m3u8", "/live/news/x9/index.m3u8",
		"/vod/none/index.m3u8", "/vod/index.json",
	} {
		for _, header := range [][]string{{}, {"Accept-Encoding", "gzip"}, {"Range", "bytes=10-19"}} {
			if header != nil && strings.Contains(path, "index") && len(header) > 0 && header[0] == "Range" {
				continue // upstream gives parts of texts to nobody either
			}
			want, wantBody := query(t, http.MethodGet, stations[0].url+path, header...)
			for range 2 { // from upstream, and from memory
				got, body := r.get(path, header...)
				require.Equal(t, want.StatusCode, got.StatusCode, path)
				require.Equal(t, wantBody, body, path)
				for _, field := range []string{"Content-Type", "Etag", "Content-Encoding", "Cache-Control", "Content-Range", "Access-Control-Allow-Origin"} {
					require.Equal(t, want.Header.Get(field), got.Header.Get(field), "%s of %s %v", field, path, header)
				}
				require.Equal(t, want.ContentLength, got.ContentLength, path)
				if tag := got.Header.Get("Etag"); tag != "" {
					same, _ := r.get(path, append(header[:len(header):len(header)], "If-None-Match", tag)...)
					require.Equal(t, http.StatusNotModified, same.StatusCode, path)
				}
				head, none := query(t, http.MethodHead, r.url+path)
				require.Empty(t, none)
				if len(header) == 0 {
					require.Equal(t, want.StatusCode, head.StatusCode)
				}
			}
		}
	}
	resp, body := r.get("/time")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, epoch.Add(9*time.Second).Format(clockStyle), body)
	for _, path := range []string{"/", "/live/news", "/live/news/v1/", "/live/news/v1/x.exe"} {
		resp, _ = r.get(path)
		require.Equal(t, 404, resp.StatusCode, path)
	}
	for _, path := range []string{"/live//news/index.m3u8", "/live/%2e%2e/../index.m3u8", "/live/news/index.m3u8?token=%00%22" + strings.Repeat("a", maxSession)} {
		resp, _ = r.get(path)
		require.Equal(t, 400, resp.StatusCode, path)
	}
	resp, _ = query(t, http.MethodOptions, r.url+"/live/news/index.m3u8")
	require.Equal(t, 204, resp.StatusCode)
	resp, _ = query(t, http.MethodPost, r.url+"/live/news/index.m3u8")
	require.Equal(t, 405, resp.StatusCode)
	resp, _ = r.get("/live/news/index.m3u8", "Via", "1.1 "+r.id)
	require.Equal(t, http.StatusLoopDetected, resp.StatusCode)
}

// What a crowd asks for is asked for once: what is there, and what is to come.
func TestACrowdIsOneRequest(t *testing.T) {
	t.Parallel()
	const crowd = 40
	r, f, stations := newRelay(t, 9*time.Second, 1)
	paths := []string{"/live/news/v1/2.m4s", "/live/news/v1/index.m3u8?_HLS_msn=5&_HLS_part=0", "/live/news/v1/4.5.m4s"}
	var players sync.WaitGroup
	bodies := make([]sync.Map, len(paths))
	for i, path := range paths {
		for n := range crowd {
			players.Go(func() {
				resp, body := r.get(path)
				if resp.StatusCode != 200 || body == "" {
					t.Errorf("%s: %d", path, resp.StatusCode)
				}
				bodies[i].Store(body, n)
			})
		}
	}
	require.Eventually(t, func() bool { return r.Stats().Requests == uint64(crowd*len(paths)) }, deadline, 5*time.Millisecond)
	f.until(13 * time.Second)
	players.Wait()
	for i, path := range paths {
		path, _, _ = strings.Cut(path, "?")
		require.Equal(t, 1, stations[0].count(path), path)
		different := 0
		bodies[i].Range(func(any, any) bool { different++; return true })
		require.Equal(t, 1, different, path)
	}
}

// A segment that is being made goes out as it comes in, to who came first and to who came later.
func TestOpenSegmentGoesOutPieceByPiece(t *testing.T) {
	t.Parallel()
	r, f, stations := newRelay(t, 9*time.Second, 1)
	const path = "/live/news/v1/4.m4s"
	first := begin(t, http.MethodGet, r.url+path)
	defer first.Body.Close()
	require.EqualValues(t, -1, first.ContentLength)
	begun := make([]byte, 1000)
	_, err := io.ReadFull(first.Body, begun)
	require.NoError(t, err)
	second := begin(t, http.MethodGet, r.url+path)
	defer second.Body.Close()
	f.until(9500 * time.Millisecond)
	_, err = io.ReadFull(first.Body, begun)
	require.NoError(t, err)
	f.until(13 * time.Second)
	rest, err := io.ReadAll(first.Body)
	require.NoError(t, err)
	whole, err := io.ReadAll(second.Body)
	require.NoError(t, err)
	require.Equal(t, 1, stations[0].count(path))
	_, want := query(t, http.MethodGet, stations[0].url+path)
	require.Equal(t, want, string(whole))
	require.Equal(t, len(want), 2000+len(rest))
	_, kept := r.get(path)
	require.Equal(t, want, kept)
	part, some := r.get(path, "Range", "bytes=5-9")
	require.Equal(t, http.StatusPartialContent, part.StatusCode)
	require.Equal(t, want[5:10], some)
	require.Equal(t, 2, stations[0].count(path), "the second is of this test")
}

// What one upstream has begun the next one ends, without a byte too many or too few.
func TestNextUpstreamEndsWhatOneHasBegun(t *testing.T) {
	t.Parallel()
	r, _, stations := newRelay(t, 9*time.Second, 2)
	stations[0].does(func(w http.ResponseWriter, q *http.Request) bool {
		if !strings.HasSuffix(q.URL.Path, ".m4s") {
			return false
		}
		resp, body := query(t, http.MethodGet, stations[1].url+q.URL.Path)
		for name, v := range resp.Header {
			w.Header()[name] = v
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = io.WriteString(w, body[:len(body)/3])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	_, want := query(t, http.MethodGet, stations[1].url+"/live/news/v1/2.m4s")
	resp, got := r.get("/live/news/v1/2.m4s")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, want, got)

	stations[0].dies()
	resp, _ = r.get("/live/news/v1/index.m3u8")
	require.Equal(t, 200, resp.StatusCode)
	require.Eventually(t, func() bool { return !r.Stats().Upstreams[0].Up }, deadline, 5*time.Millisecond)
	require.NoError(t, r.Ready())
	before := stations[0].count("/live/news/v1/3.m4s")
	resp, _ = r.get("/live/news/v1/3.m4s")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, before, stations[0].count("/live/news/v1/3.m4s"), "who is down is not asked")
}

// A request that is held by an upstream goes on at the next when that dies.
func TestHeldRequestOutlivesItsUpstream(t *testing.T) {
	t.Parallel()
	r, f, stations := newRelay(t, 9*time.Second, 2)
	dead := make(chan struct{})
	stations[0].does(func(_ http.ResponseWriter, q *http.Request) bool {
		select {
		case <-dead:
			<-q.Context().Done() // it hangs
			return true
		default:
		}
		if q.URL.RawQuery == "" {
			return false
		}
		close(dead)
		<-q.Context().Done()
		return true
	})
	answered := make(chan int, 1)
	go func() {
		resp, _ := r.get("/live/news/v1/index.m3u8?_HLS_msn=5")
		answered <- resp.StatusCode
	}()
	require.Eventually(t, func() bool { return stations[1].count("/live/news/v1/index.m3u8") == 1 }, deadline, 5*time.Millisecond)
	f.until(13 * time.Second)
	require.Equal(t, 200, <-answered)
}

// When nothing answers, texts are served for a while, and say that they are old. What is in memory is media as ever.
func TestStaleIsTold(t *testing.T) {
	t.Parallel()
	r, _, stations := newRelay(t, 9*time.Second, 1)
	_, fresh := r.get("/live/news/v1/index.m3u8")
	_, segment := r.get("/live/news/v1/2.m4s")
	stations[0].dies()
	require.Eventually(t, func() bool { return r.Ready() != nil }, deadline, 5*time.Millisecond)
	r.at.at.Add(int64(20 * time.Second))
	resp, text := r.get("/live/news/v1/index.m3u8")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, fresh, text)
	require.Contains(t, resp.Header.Get("Warning"), "110")
	require.Equal(t, "20", resp.Header.Get("Age"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.NotZero(t, r.Stats().Stale)
	_, again := r.get("/live/news/v1/2.m4s")
	require.Equal(t, segment, again)
	resp, _ = r.get("/live/news/v1/index.m3u8?_HLS_msn=9")
	require.Equal(t, 503, resp.StatusCode)
	require.Equal(t, "1", resp.Header.Get("Retry-After"))
	r.at.at.Add(int64(time.Minute))
	resp, _ = r.get("/live/news/v1/index.m3u8")
	require.Equal(t, 503, resp.StatusCode)
}

// Sessions share what is asked for, and each gets its own parameters.
func TestSessionsAreOneRequest(t *testing.T) {
	t.Parallel()
	r, _, stations := newRelay(t, 9*time.Second, 1)
	const path = "/live/news/v1/index.m3u8"
	for _, token := range []string{"one", "t-2_%7E", "three"} {
		_, want := query(t, http.MethodGet, stations[0].url+path+"?token="+token)
		resp, got := r.get(path+"?token="+token, "Accept-Encoding", "gzip")
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, strings.ReplaceAll(want, "%7E", "~"), strings.ReplaceAll(got, "%7E", "~"))
		require.Contains(t, got, token)
		resp, _ = r.get("/live/news/v1/2.m4s?token=" + token)
		require.Equal(t, 200, resp.StatusCode)
	}
	require.Equal(t, 3+1, stations[0].count(path), "three of this test, one of the relay")
	require.Equal(t, 1, stations[0].count("/live/news/v1/2.m4s"))
}
