package check

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// until waits for a time.
func until(ctx context.Context, at time.Time) error { return sleep(ctx, time.Until(at)) }

// answer fills in a reply.
func (s *server) answer(req *http.Request, r *reply) error {
	name := strings.TrimPrefix(r.path, "/")
	trackName, file, _ := strings.Cut(name, "/")
	switch name {
	case "index.m3u8":
		r.body = []byte(s.multivariant())
		return nil
	case "manifest.mpd":
		r.mime = "application/dash+xml"
		r.body = []byte(s.mpd(time.Now()))
		return nil
	case "time":
		r.mime = "text/plain"
		r.body = []byte(time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
		return nil
	}
	for _, t := range s.tracks() {
		if t.name == trackName {
			return s.track(req, r, t, file)
		}
	}
	r.status = 404
	return nil
}

func (s *server) track(req *http.Request, r *reply, t track, file string) error {
	if file == "index.m3u8" || file == "iframes.m3u8" && t.video {
		return s.playlist(req, r, t, file == "iframes.m3u8")
	}
	r.mime, r.age = "audio/mp4", 60
	if t.video {
		r.mime = "video/mp4"
	}
	if file == "init-1.mp4" {
		r.body = t.header("avc1")
		return nil
	}
	now := time.Now()
	a, b, isPart := strings.Cut(strings.TrimSuffix(file, ".m4s"), ".")
	n, err := strconv.ParseUint(a, 10, 64)
	if err != nil || !strings.HasSuffix(file, ".m4s") || n+40 < s.oldest(t, now) || n > s.open(t, now) || s.end > 0 && n >= s.end {
		r.status = 404
		return nil
	}
	parts := s.parts(t, n)
	if isPart {
		k, err := strconv.Atoi(b)
		if err != nil || k >= len(parts) || n == s.open(t, now) && k > len(s.partsOf(t, now)) {
			r.status = 404
			return nil
		}
		if err := until(req.Context(), t.there(parts[k])); err != nil {
			return err
		}
		r.body = s.bytes(t, n, parts[k:k+1])
		return nil
	}
	r.body = s.bytes(t, n, parts)
	if n == s.open(t, now) { // it comes as it is made
		if err := until(req.Context(), t.there(parts[0])); err != nil {
			return err
		}
		for i := range parts {
			wait := max(time.Until(t.there(parts[i])), 0)
			for _, p := range r.pace {
				wait -= p
			}
			r.pace = append(r.pace, max(wait, 0))
		}
	}
	return nil
}

// directives are those of a blocking reload; < 0: not there.
type directives struct{ number, part int }

func directivesOf(query url.Values) directives {
	d := directives{-1, -1}
	if n, err := strconv.Atoi(query.Get("_HLS_msn")); err == nil {
		d.number = n
	}
	if n, err := strconv.Atoi(query.Get("_HLS_part")); err == nil {
		d.part = n
	}
	return d
}

// refused tells that they are to be answered with 400 while there are so many parts of the open segment.
func (d directives) refused(open uint64, parts int) bool {
	if d.number < 0 {
		return d.part >= 0
	}
	n := uint64(d.number)
	return n > open+1 || n == open && d.part > parts+15
}

// playlist answers for a media playlist, blocking reloads included.
func (s *server) playlist(req *http.Request, r *reply, t track, iframes bool) error {
	now := time.Now()
	wait := directivesOf(r.query)
	switch open := s.open(t, now); {
	case s.ended(now):
	case wait.refused(open, len(s.partsOf(t, now))):
		r.status = 400
		return nil
	case wait.number >= 0:
		r.age = 12
		number, part := uint64(wait.number), wait.part
		at := t.there(s.segment(t, number))
		if part >= 0 && !iframes {
			list := s.parts(t, number)
			if part >= len(list) {
				list, part = s.parts(t, number+1), 0
			}
			at = t.there(list[part])
		}
		if s.end > 0 && number >= s.end { // it waits for the end
			at = simVideo.there(s.segment(simVideo, s.end-1))
			if a := simAudio.there(s.segment(simAudio, s.end-1)); a.After(at) {
				at = a
			}
		}
		if err := until(req.Context(), at); err != nil {
			return err
		}
	}
	if iframes {
		r.body = []byte(s.iframes(time.Now()))
	} else {
		r.body = []byte(s.media(t, time.Now(), r.query.Get("_HLS_skip") != ""))
	}
	return nil
}
