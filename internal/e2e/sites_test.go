package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"weir/testdata"
)

// store is an S3 service with a bucket "films", which can be told to fail.
type store struct {
	*httptest.Server
	backend gofakes3.Backend
	fault   atomic.Pointer[func(w http.ResponseWriter, r *http.Request, next http.Handler)]
	failed  atomic.Int64 // requests that met the fault
}

func newStore(t testing.TB, film string) *store {
	t.Helper()
	s := &store{backend: s3mem.New()}
	require.NoError(t, s.backend.CreateBucket("films"))
	s.put(t, film)
	work := gofakes3.New(s.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := s.fault.Load(); fault != nil {
			s.failed.Add(1)
			(*fault)(w, r, work)
			return
		}
		work.ServeHTTP(w, r)
	}))
	t.Cleanup(s.CloseClientConnections)
	t.Cleanup(s.Close)
	return s
}

func (s *store) put(t testing.TB, film string) {
	t.Helper()
	meta := map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
	_, err := s.backend.PutObject("films", "film.mp4", meta, strings.NewReader(film), int64(len(film)), nil)
	require.NoError(t, err)
}

// siteFaults are what can become of a site in the middle of a film.
var siteFaults = map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler){
	"down":      func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
	"slow":      func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() },
	"forbidden": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusForbidden) },
	"broken": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusInternalServerError)
	},
	"cut off half-way": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body := rightAnswer(w, r, next)
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	},
	"stalls half-way": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body := rightAnswer(w, r, next)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	},
	"wrong length": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body := rightAnswer(w, r, next)
		w.Header().Del("Content-Length")
		_, _ = w.Write(body[:len(body)-10])
	},
}

// rightAnswer is the body of the right answer, whose header is written.
func rightAnswer(w http.ResponseWriter, r *http.Request, next http.Handler) []byte {
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, r)
	for name, values := range recorder.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorder.Code)
	return recorder.Body.Bytes()
}

// A film whose first site fails in the middle of it goes on from the second, byte by byte; where that one has another film, it ends in an error,
// and not in mixed bytes.
func TestSitesFail(t *testing.T) {
	t.Parallel()
	film := testdata.Demo
	other := []byte(film) // of the same size, with another picture in the middle
	other[len(other)/2] ^= 0xff
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "film.mp4"), []byte(film), 0o600))
	sites, assets := fmt.Sprintf("    disk: {url: \"file:%s\"}\n", dir), "  film: {sites: [disk], files: [film.mp4]}\n"
	first := map[string]*store{}
	n := 0
	add := func(name, second string) (asset string) {
		n++
		asset = fmt.Sprintf("film%d", n)
		first[name] = newStore(t, film)
		for site, s := range map[string]*store{fmt.Sprint("a", n): first[name], fmt.Sprint("b", n): newStore(t, second)} {
			sites += fmt.Sprintf("    %s: {url: \"s3://films\", endpoint: %q, region: x, access_key: k, secret_key: secret, timeout: 4s}\n", site, s.URL)
		}
		assets += fmt.Sprintf("  %s: {sites: [a%d, b%d], files: [film.mp4]}\n", asset, n, n)
		return asset
	}
	of := map[string]string{}
	for name := range siteFaults {
		of[name] = add(name, film)
	}
	of["replaced"] = add("replaced", film)
	of["replaced on both"] = add("replaced on both", string(other))
	srv := start(t, settings{more: fmt.Sprintf("vod:\n  head: 0\n  sites:\n%sassets:\n%s", sites, assets)})

	want := map[string][]byte{}
	var names []string
	for _, track := range []string{"v1", "a1"} {
		list, ok := srv.media("vod/film", track)
		require.True(t, ok)
		for _, segment := range list.segments {
			name := track + "/" + fmt.Sprint(segment.number) + ".m4s"
			status, body := srv.get("/vod/film/" + name)
			require.Equal(t, 200, status)
			want[name] = body
			names = append(names, name)
		}
	}
	for name, asset := range of {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := fetch(t, http.MethodGet, srv.url("/vod/"+asset+"/index.m3u8"), "")
			require.Equal(t, 200, status, string(body))
			status, body = fetch(t, http.MethodGet, srv.url("/vod/"+asset+"/v1/0.m4s"), "")
			require.Equal(t, 200, status)
			require.True(t, bytes.Equal(want["v1/0.m4s"], body))
			site := first[name]
			if fault, ok := siteFaults[name]; ok {
				site.fault.Store(&fault)
			} else {
				site.put(t, string(other))
			}
			served := 0
			for _, segment := range names {
				resp, err := http.Get(srv.url("/vod/" + asset + "/" + segment)) //nolint:noctx // it ends with the server
				require.NoError(t, err)
				var got bytes.Buffer
				_, err = got.ReadFrom(resp.Body)
				_ = resp.Body.Close()
				switch {
				case resp.StatusCode == http.StatusOK && err == nil:
					if name == "replaced on both" && !bytes.Equal(want[segment], got.Bytes()) { // it is the other film, whole
						continue
					}
					require.True(t, bytes.Equal(want[segment], got.Bytes()), "%s %s", name, segment)
					served++
				case name == "replaced on both":
				default:
					t.Errorf("%s: status %d, %v: %s", segment, resp.StatusCode, err, got.Bytes()[:min(200, got.Len())])
				}
			}
			if _, ok := siteFaults[name]; ok {
				require.Positive(t, site.failed.Load(), "the fault was met")
			}
			if name != "replaced on both" {
				require.Equal(t, len(names), served)
			}
		})
	}
}
