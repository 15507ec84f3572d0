package check

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// leastZipped is from how many bytes on a manifest must be compressed: gzip hardly makes less any shorter.
const leastZipped = 256

// manifestHTTP checks how a manifest is served (rule 13). live tells that it may change at any time.
func (s *session) manifestHTTP(ctx context.Context, a *answer, mime string, live bool) {
	at := place{url: a.url}
	s.expect(a.mime() == mime, ruleHTTP, at, "its Content-Type is %q, not %s", a.header.Get("Content-Type"), mime)
	s.expect(a.zipped || len(a.body) < leastZipped, ruleHTTP, at, "it was asked for in gzip, and came without")
	s.crossOrigin(a)
	if !s.over(ctx) {
		s.head(ctx, a, mime, !live)
		s.conditional(ctx, a, live)
	}
}

// crossOrigin checks that a page of another origin may read it.
func (s *session) crossOrigin(a *answer) {
	allowed := a.header.Get("Access-Control-Allow-Origin")
	s.expect(allowed == "*" || allowed == origin, ruleHTTP, place{url: a.url}, "Access-Control-Allow-Origin is %q", allowed)
}

// head asks for the header alone. same tells that the body has not changed since.
func (s *session) head(ctx context.Context, a *answer, mime string, same bool) {
	at := place{url: a.url}
	h, err := s.get(ctx, ask{method: http.MethodHead, url: a.url})
	if err != nil {
		if ctx.Err() == nil {
			s.fail(ruleHTTP, at, "HEAD: %v", err)
		}
		return
	}
	s.expect(h.status == http.StatusOK, ruleHTTP, at, "HEAD is answered with %d", h.status)
	if h.status != http.StatusOK {
		return
	}
	s.expect(len(h.body) == 0, ruleHTTP, at, "HEAD is answered with a body")
	s.expect(mime == "" || h.mime() == mime, ruleHTTP, at, "to HEAD its Content-Type is %q", h.header.Get("Content-Type"))
	s.crossOrigin(h)
	if length := h.header.Get("Content-Length"); same && length != "" {
		s.expect(length == strconv.Itoa(len(a.body)), ruleHTTP, at, "to HEAD its Content-Length is %s, to GET it has %d bytes", length, len(a.body))
	}
}

// conditional asks again with the validator that came.
func (s *session) conditional(ctx context.Context, a *answer, live bool) {
	at := place{url: a.url}
	header := map[string]string{}
	if a.zipped {
		header["Accept-Encoding"] = "gzip"
	}
	tag := a.header.Get("Etag")
	switch modified := a.header.Get("Last-Modified"); {
	case tag != "":
		header["If-None-Match"] = tag
	case modified != "":
		header["If-Modified-Since"] = modified
	default:
		s.warn(ruleHTTP, at, "there is no ETag and no Last-Modified")
		return
	}
	c, err := s.get(ctx, ask{url: a.url, header: header, limit: maxMedia})
	if err != nil {
		return
	}
	changed := live && c.status == http.StatusOK && (tag == "" || c.header.Get("Etag") != tag)
	s.expect(c.status == http.StatusNotModified || changed, ruleHTTP, at, "with its own validator it is answered with %d", c.status)
	if c.status == http.StatusNotModified {
		s.expect(len(c.body) == 0, ruleHTTP, at, "304 has a body")
		s.crossOrigin(c)
	}
}

// ranges asks for parts of something that does not change.
func (s *session) ranges(ctx context.Context, a *answer) {
	size := len(a.body)
	if size < 200 {
		return
	}
	at := place{url: a.url}
	for _, x := range []struct {
		field    string
		from, to int
	}{{"bytes=10-109", 10, 110}, {"bytes=-50", size - 50, size}, {fmt.Sprintf("bytes=%d-", size-20), size - 20, size}} {
		r, err := s.get(ctx, ask{url: a.url, header: map[string]string{"Range": x.field}, limit: maxMedia})
		if err != nil {
			return
		}
		if r.status != http.StatusPartialContent {
			s.fail(ruleHTTP, at, "Range: %s is answered with %d", x.field, r.status)
			continue
		}
		want := fmt.Sprintf("bytes %d-%d/%d", x.from, x.to-1, size)
		got := r.header.Get("Content-Range")
		s.expect(got == want || got == strings.Replace(want, "/"+strconv.Itoa(size), "/*", 1), ruleHTTP, at,
			"Range: %s has Content-Range %q, not %q", x.field, got, want)
		s.expect(bytes.Equal(r.body, a.body[x.from:x.to]), ruleHTTP, at, "Range: %s has other bytes than the whole", x.field)
	}
	r, err := s.get(ctx, ask{url: a.url, header: map[string]string{"Range": fmt.Sprintf("bytes=%d-", size+1000)}, limit: maxMedia})
	if err == nil {
		s.expect(r.status == http.StatusRequestedRangeNotSatisfiable, ruleHTTP, at, "a range behind the end is answered with %d", r.status)
	}
}

// mediaTypes are the content types of media, by kind.
var mediaTypes = map[string][]string{
	"video": {"video/mp4", "video/iso.segment", "application/mp4"}, "audio": {"audio/mp4", "audio/iso.segment", "application/mp4"},
}

// mediaHTTP checks how media is served (rules 13 and 22). probe tells to ask again in all ways.
func (s *session) mediaHTTP(ctx context.Context, a *answer, kind string, strict, probe bool) {
	at := place{url: a.url}
	if allowed := mediaTypes[kind]; allowed != nil {
		if strict {
			allowed = allowed[:1]
		}
		fits := false
		for _, m := range allowed {
			fits = fits || a.mime() == m
		}
		s.expect(fits, ruleHTTP, at, "its Content-Type is %q, not %s", a.header.Get("Content-Type"), allowed[0])
	}
	s.crossOrigin(a)
	if !probe {
		return
	}
	s.head(ctx, a, "", true)
	s.conditional(ctx, a, false)
	s.ranges(ctx, a)
	absent := resolve(a.url, "weir-check-absent.m4s")
	if n, err := s.get(ctx, ask{url: absent, limit: maxMedia}); err == nil {
		s.expect(n.status == http.StatusNotFound, ruleHTTP, place{url: absent}, "what cannot be there is answered with %d", n.status)
	}
	s.mediaCache(a)
}

// cacheControl reads max-age; ok is false where there is none, or a directive forbids to keep the answer.
func cacheControl(a *answer) (age time.Duration, ok, forbidden bool) {
	for _, d := range strings.Split(strings.ToLower(strings.Join(a.header.Values("Cache-Control"), ",")), ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(d), "="); name {
		case "max-age", "s-maxage":
			if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32); err == nil {
				age, ok = max(age, time.Duration(n)*time.Second), true
			}
		case "no-store", "private":
			forbidden = true
		case "no-cache":
			age, ok = 0, true
			return 0, true, forbidden
		}
	}
	return age, ok && !forbidden, forbidden
}

// mediaCache is rule 22 for media: what does not change can be kept.
func (s *session) mediaCache(a *answer) {
	at := place{url: a.url}
	age, ok, forbidden := cacheControl(a)
	switch {
	case forbidden:
		s.fail(ruleCache, at, "Cache-Control of media is %q", a.header.Get("Cache-Control"))
	case !ok || age < 10*time.Second:
		s.warn(ruleCache, at, "Cache-Control of media is %q: it could be kept as long as it is there", a.header.Get("Cache-Control"))
	default:
		s.ok(ruleCache)
	}
}
