package relay

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestMediaIsKeptUnderItsPath(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"/vod/film/v1/3.m4s?token=a&v=7&x=y": "/vod/film/v1/3.m4s?v=7",
		"/live/news/v1/3.m4s?_=1":            "/live/news/v1/3.m4s",
		"/live/news/index.m3u8?dvr=2m":       "/live/news/index.m3u8?dvr=2m",
		"/live/news/index.m3u8?token=":       "/live/news/index.m3u8?token=",
		"/vod/m~a%20b.mp4/v1/0.m4s":          "/vod/m~a%20b.mp4/v1/0.m4s",
	} {
		a, err := parse(httptest.NewRequest(http.MethodGet, asked, nil), []string{"token"})
		if err != nil || a.path != want {
			t.Errorf("%s: %s, %v", asked, a.path, err)
		}
	}
}

func TestCacheHasABound(t *testing.T) {
	t.Parallel()
	var c cache
	c.init(10 * (overhead + 1100))
	for i := range 100 {
		o := newObject("/live/" + strings.Repeat("x", i))
		o.grow(make([]byte, 1000))
		c.put(o)
		c.put(o)
		if c.get("/live/") == nil { // it is asked for again and again
			t.Fatal("what is asked for was dropped")
		}
		if n, size := c.held(); size > c.limit || n > 10 || n == 0 {
			t.Fatal(n, size)
		}
	}
	large := newObject("/vod/film/v1/1.m4s")
	large.grow(make([]byte, 20000))
	c.put(large)
	if c.get(large.path) != nil {
		t.Error("what is larger than all is kept")
	}
}

func TestLifetime(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]struct {
		fresh time.Duration
		keep  bool
	}{
		"":                              {0, true},
		"public, max-age=60, immutable": {time.Minute, true},
		`private, MAX-AGE="2"`:          {2 * time.Second, true},
		"no-cache, max-age=60":          {0, true},
		"max-age=60, no-store":          {0, false},
		"max-age=-1":                    {0, true},
		"max-age=99999999999999999999":  {0, true},
	} {
		if fresh, keep := lifetime(field); fresh != want.fresh || keep != want.keep {
			t.Errorf("%q: %s %t", field, fresh, keep)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("/live/news/v1/index.m3u8", "token=a&_HLS_msn=3")
	f.Add("/vod/a%20b/v1/3.m4s", "v=1")
	f.Add("/live/../x.m3u8", "token=%22")
	f.Fuzz(func(t *testing.T, path, query string) {
		u := &url.URL{Path: path, RawQuery: query}
		a, err := parse(&http.Request{URL: u}, []string{"token", "sid"})
		if err != nil {
			return
		}
		if !strings.HasPrefix(a.path, "/live/") && !strings.HasPrefix(a.path, "/vod/") || strings.ContainsAny(a.path, " \r\n\"<>\\") || strings.Contains(a.path, "/../") {
			t.Errorf("%q %q goes upstream as %q", path, query, a.path)
		}
		for _, v := range a.session {
			if strings.ContainsAny(v, "&<>\"' \n#") {
				t.Errorf("%q is put into texts", v)
			}
		}
	})
}
