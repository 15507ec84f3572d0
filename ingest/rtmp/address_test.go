package rtmp

import "testing"

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		app, tcURL, stream string
		want               address
	}{
		{"live", "rtmp://h/live", "news", address{App: "live", Channel: "news"}},
		{"live", "rtmp://h/live", "news?key=a+b%2Bc", address{App: "live", Channel: "news", Key: "a+b+c"}},
		{"live", "rtmp://h/live?key=url", "news", address{App: "live", Channel: "news", Key: "url"}},
		{"live?key=app", "rtmp://h/live?key=app", "news/hd?x=1&key=k", address{App: "live", Channel: "news", Rendition: "hd", Key: "k"}},
		{"live/news", "rtmp://h/live/news", "", address{App: "live", Channel: "news"}},
		{"live", "", "a/b/c", address{App: "live", Channel: "a", Rendition: "b", Extra: true}},
		{"live", "rtmp://h/live", "news/hd?input=backup&key=k", address{App: "live", Channel: "news", Rendition: "hd", Key: "k", Input: "backup"}},
		{"live", "rtmp://h/live?input=b", "news?key=k", address{App: "live", Channel: "news", Key: "k", Input: "b"}},
		// A key behind an ampersand was part of the channel's name, in the log too.
		{"live", "rtmp://h/live", "news&key=secret", address{App: "live", Channel: "news", Key: "secret"}},
	} {
		if got := parseAddress(c.app, c.tcURL, c.stream); got != c.want {
			t.Errorf("%s, %s, %s: %+v, want %+v", c.app, c.tcURL, c.stream, got, c.want)
		}
	}
}
