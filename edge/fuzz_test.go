package edge

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"/", "/index.html", "/live/index.json", "/live/news/index.m3u8", "/live/news/manifest.mpd", "/live/news/v1/index.m3u8",
		"/live/news/v1/init-3.mp4", "/live/news/v1/12.m4s", "/live/news/v1/12.3.m4s", "/live/news/v1/18446744073709551616.m4s",
		"/live/../x", "/live//x", "/live/news/v1/012.m4s", "/%2e%2e/", "/live/news/v1/1.2.3.m4s", "/live/news/manifest.mpp",
		"/live/news/v1/iframes.m3u8", "/live/news/v1/12.key.m4s", "/live/news/v1/012.key.m4s", "/live/\x00", "", "*", "/.", "/a/..", "/vod/x",
		"/vod/x/index.m3u8", "/vod/x/v1/12.m4s", "/vod/x/i1/1.jpg", "/vod/x/i1/01.jpg", "/live/x/i1/1.jpg", "/vod/index.json", "/vod/", "/vod/films~a%20film.mp4/index.m3u8", "/vod/%2e%2e/manifest.mpd", "/vod/a%2fb/index.m3u8", "/vod/%zz/x",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		r := parse(path)
		if bytes.HasPrefix(path, []byte("/vod/")) {
			parsesAsset(t, path, r)
			return
		}
		if r.kind != kindHostile && (len(path) > maxPath || bytes.Contains(path, []byte("/../")) || bytes.ContainsAny(path, "%\\\x00\r\n")) {
			t.Fatalf("%q is a %s", path, r.kind)
		}
		// What is of ours is written in one way only.
		var again string
		switch r.kind {
		case kindMultivariant:
			again = fmt.Sprintf("/live/%s/index.m3u8", r.channel)
		case kindMPD:
			again = fmt.Sprintf("/live/%s/manifest.mpd", r.channel)
		case kindMedia:
			again = fmt.Sprintf("/live/%s/%s/index.m3u8", r.channel, r.track)
		case kindPatch:
			again = fmt.Sprintf("/live/%s/manifest.mpp", r.channel)
		case kindIFrames:
			again = fmt.Sprintf("/live/%s/%s/iframes.m3u8", r.channel, r.track)
		case kindKeys:
			again = fmt.Sprintf("/live/%s/%s/%d.key.m4s", r.channel, r.track, r.number)
		case kindText:
			again = fmt.Sprintf("/live/%s/%s/%d.vtt", r.channel, r.track, r.number)
		case kindImage:
			again = fmt.Sprintf("/live/%s/%s/%d.jpg", r.channel, r.track, r.number)
		case kindInit:
			again = fmt.Sprintf("/live/%s/%s/init-%d.mp4", r.channel, r.track, r.number)
		case kindSegment:
			again = fmt.Sprintf("/live/%s/%s/%d.m4s", r.channel, r.track, r.number)
		case kindChunk:
			again = fmt.Sprintf("/live/%s/%s/%d.%d.m4s", r.channel, r.track, r.number, r.index)
		default:
			return
		}
		if again != string(path) {
			t.Fatalf("%q is read as %q", path, again)
		}
	})
}

// parsesAsset tells whether a path of an asset was taken apart well: what leads out of it is refused, and the rest is as in a channel's path.
func parsesAsset(t *testing.T, path []byte, r route) {
	t.Helper()
	if r.kind == kindHostile || r.kind == kindUnknown || r.kind == kindIndex {
		return
	}
	if !r.vod || len(r.channel) > maxAsset || bytes.ContainsAny(r.channel, "/\\\x00\r\n") || bytes.HasPrefix(r.channel, []byte(".")) {
		t.Fatalf("%q is of asset %q", path, r.channel)
	}
	rest := path[len("/vod/"):]
	inside := rest[bytes.IndexByte(rest, '/'):]
	as := parse(append([]byte("/live/x"), inside...))
	if as.kind != r.kind || string(as.track) != string(r.track) || as.number != r.number || as.index != r.index {
		t.Fatalf("%q is read as %+v, in a channel as %+v", path, r, as)
	}
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{
		"bytes=0-", "bytes=0-0", "bytes=5-2", "bytes=-5", "bytes=-0", "bytes=-", "bytes=0-1,3-4", "BYTES= 1-2 ", "items=0-1",
		"bytes=99999999999999999999-", "bytes=0-99999999999999999999", "bytes=-99999999999999999999", "bytes=+1-2", "", "bytes=1-2-3",
	} {
		f.Add([]byte(s), 10)
	}
	f.Fuzz(func(t *testing.T, field []byte, size int) {
		if size < 0 {
			size = -(size + 1)
		}
		from, to, s := parseRange(field, size)
		switch {
		case s == spanPart && (from < 0 || from >= to || to > size), s == spanWhole && (from != 0 || to != size):
			t.Fatalf("%q of %d: [%d, %d) as %d", field, size, from, to, s)
		case s != spanWhole && bytes.ContainsRune(field, ','):
			t.Fatalf("%q: several ranges are taken for one", field)
		}
	})
}

func FuzzIfNoneMatch(f *testing.F) {
	const tag = `"abc-12"`
	for _, s := range []string{tag, "W/" + tag, "*", " * ", `"x", ` + tag, `"x"` + tag, `"x` + tag, "W/", `"`, "", ",,", `"a,b", ` + tag, "abc-12"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, field []byte) {
		if matchesNone(field, []byte(tag)) && !bytes.Contains(field, []byte(tag)) && strings.Trim(string(field), " \t") != "*" {
			t.Fatalf("%q matches", field)
		}
		if rangeStands(field, []byte(tag)) && len(field) > 0 && strings.Trim(string(field), " \t") != tag {
			t.Fatalf("%q lets the range stand", field)
		}
	})
}

func FuzzAcceptEncoding(f *testing.F) {
	for _, s := range []string{
		"gzip", "gzip;q=0", "gzip; q=0.001", "*", "*;q=0", "identity", "br, gzip;q=0.5, identity;q=0.8", "x-gzip", "GZIP;Q=1.000",
		"gzip;q=1.001", "gzip;q=2", "gzip;q=", "gzip;x=1", ";;,,", "", "gzip;q=0.1234",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, field []byte) {
		if wantsGzip(field) && !bytes.Contains(bytes.ToLower(field), []byte("gzip")) && !bytes.ContainsRune(field, '*') {
			t.Fatalf("%q asks for gzip", field)
		}
	})
}

func TestAcceptEncoding(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]bool{
		"": false, "gzip": true, "GZip": true, "x-gzip": true, "deflate, br": false, "gzip;q=0": false, "gzip;q=0.0": false, "gzip;q=0.001": true,
		"*": true, "*;q=0": false, "gzip;q=0, *": false, "identity, gzip;q=0.5": false, "identity;q=0.5, gzip;q=0.5": true, "gzip;q=1.1": false,
		"gzip ; q=1": true, "br;q=1.0, gzip;q=0.8, *;q=0.1": true, "identity;q=0": false,
	} {
		if got := wantsGzip([]byte(field)); got != want {
			t.Errorf("%q: %v", field, got)
		}
	}
}

func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b","a"`: true, `"b" , W/"a"`: true, "*": true, "": false, `"A"`: false, "a": false, `"b`: false, `"a" "`: true,
		`"x,\"a"`: false, `w/"a"`: false,
	} {
		if got := matchesNone([]byte(field), []byte(`"a"`)); got != want {
			t.Errorf("%q: %v", field, got)
		}
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field    string
		from, to int
		s        span
	}{
		{"bytes=0-", 0, 10, spanPart},
		{"bytes=9-", 9, 10, spanPart},
		{"bytes=10-", 0, 0, spanNone},
		{"bytes=0-0", 0, 1, spanPart},
		{"bytes=3-99", 3, 10, spanPart},
		{"Bytes=3-4", 3, 5, spanPart},
		{"bytes=5-4", 0, 10, spanWhole},
		{"bytes=-3", 7, 10, spanPart},
		{"bytes=-30", 0, 10, spanPart},
		{"bytes=-0", 0, 0, spanNone},
		{"bytes=-", 0, 10, spanWhole},
		{"bytes=a-b", 0, 10, spanWhole},
		{"bytes=0-1,2-3", 0, 10, spanWhole},
		{"lines=0-1", 0, 10, spanWhole},
		{"bytes=9223372036854775808-", 0, 0, spanNone},
		{"bytes=1-9223372036854775808", 1, 10, spanPart},
	} {
		if from, to, s := parseRange([]byte(c.field), 10); from != c.from || to != c.to || s != c.s {
			t.Errorf("%q: [%d, %d) as %d", c.field, from, to, s)
		}
	}
}
