package check

import (
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// answer fills in a reply with what the channel answered at that time after the start.
func (c *capture) answer(req *http.Request, r *reply) error {
	since := time.Since(c.Start)
	r.age = 0 // what Cache-Control was, it is
	switch versions, list := c.manifests[r.path+"?"+req.URL.RawQuery], c.lists[r.path]; {
	case r.path == "/time":
		r.give(&c.manifests["/time?"][0])
		r.body = []byte(time.Now().UTC().Format(time.RFC3339Nano))
	case versions != nil:
		i := 0
		for i+1 < len(versions) && versions[i+1].At <= since {
			i++
		}
		r.give(&versions[i])
	case list != nil:
		return c.playlist(req, r, list, since)
	default:
		return c.file(req, r, since)
	}
	return nil
}

// give fills in a reply with an answer.
func (r *reply) give(a *seen) {
	r.header = http.Header{}
	for name, value := range a.Header {
		if name != "Content-Encoding" {
			r.header.Set(name, value)
		}
	}
	r.mime, r.plain = a.Header["Content-Type"], a.Header["Content-Encoding"] != "gzip"
	r.body = append([]byte(a.Text), a.Data...)
}

// playlist answers for a media playlist: with the first moment that has what is waited for.
func (c *capture) playlist(req *http.Request, r *reply, list []moment, since time.Duration) error {
	i := now(list, since)
	p := list[i].list
	wait := directivesOf(r.query)
	if wait.refused(p.Next(), len(p.Parts)) {
		r.status = http.StatusBadRequest
		return nil
	}
	if wait.number >= 0 {
		number, part := uint64(wait.number), int64(wait.part)
		if a := c.media[path.Dir(r.path)+"/"+utoa(number)+".m4s"]; a != nil && len(a.Pieces) > 0 && part >= int64(len(a.Pieces)) {
			number, part = number+1, 0
		}
		for i < len(list) && !covers(list[i].list, number, part) {
			i++
		}
		if i == len(list) {
			return c.never(req)
		}
		if err := until(req.Context(), c.Start.Add(list[i].at)); err != nil {
			return err
		}
	}
	text, header := &list[i].whole, list[i].whole.Header
	if r.query.Get("_HLS_skip") != "" {
		text = &list[i].delta
	}
	if wait.number < 0 {
		header = list[0].whole.Header // it did not wait
	}
	r.give(text)
	r.header.Set("Cache-Control", header["Cache-Control"])
	return nil
}

// never waits for what came after the capture.
func (c *capture) never(req *http.Request) error {
	<-req.Context().Done()
	return req.Context().Err()
}

// file answers for media: what is there, what comes next as it comes, and a segment that is being made piece by piece.
func (c *capture) file(req *http.Request, r *reply, since time.Duration) error {
	name, part := r.path, -1
	if a, b, ok := strings.Cut(strings.TrimSuffix(r.path, ".m4s"), "."); ok {
		if k, err := strconv.Atoi(b); err == nil {
			name, part = a+".m4s", k
		}
	}
	a := c.media[name]
	if a == nil || part >= max(len(a.Pieces), 1) {
		if c.next(name, max(part, 0), since) {
			return c.never(req)
		}
		r.status = http.StatusNotFound
		return nil
	}
	came := c.came[name]
	if len(came) == 0 || came[len(came)-1] <= since && part < 0 { // it is no segment, or whole
		r.give(a)
		return nil
	}
	if !c.next(name, max(part, 0), since) && came[max(part, 0)] > since {
		r.status = http.StatusNotFound
		return nil
	}
	if err := until(req.Context(), c.Start.Add(came[max(part, 0)])); err != nil {
		return err
	}
	r.give(a)
	if part >= 0 {
		from := 0
		for _, n := range a.Pieces[:part] {
			from += n
		}
		r.body = r.body[from : from+a.Pieces[part]]
		return nil
	}
	last := time.Since(c.Start)
	for _, at := range came {
		r.pace = append(r.pace, max(at-last, 0))
		last = max(at, last)
	}
	return nil
}

// next tells that the piece before that one is there: this one is what comes next.
func (c *capture) next(name string, part int, since time.Duration) bool {
	if part == 0 {
		n, err := strconv.ParseUint(strings.TrimSuffix(path.Base(name), ".m4s"), 10, 64)
		if err != nil || n == 0 {
			return false
		}
		name = path.Dir(name) + "/" + utoa(n-1) + ".m4s"
		part = len(c.came[name])
	}
	return part > 0 && part <= len(c.came[name]) && c.came[name][part-1] <= since
}
