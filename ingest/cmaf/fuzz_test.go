package cmaf

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// What a request can hold does not break anything, and is answered; samples lie within what came.
func FuzzRequest(f *testing.F) {
	whole := append(soundHeader(), sound(0, 5)...)
	f.Add(whole)
	f.Add(append(bytes.Clone(whole), emsg(false, 1000, 500, 5, 2)...))
	f.Add(append(emsg(true, 1000, 500, 5, 2), whole...))
	f.Add(append(moov(1, 90000, "meta", mp4box("evte", make([]byte, 8))), segment(1, 0, part{1, string(emib(0, 0, 4))})...))
	f.Add(append(moov(1, 90000, "text", mp4box("wvtt", make([]byte, 8), mp4box("vttC", []byte("WEBVTT")))), segment(1, 0, part{1, "cue"})...))
	f.Add(append(be(4, 1, 0x6d6f6f76), be(8, 1<<62)...))
	f.Add(append(moov(1, 48000, "soun", aacEntry(), mp4box("edts", mp4box("elst", be(4, 0, 1, 500, 1024, 1<<16)))), sound(7, 3)...))
	f.Fuzz(func(t *testing.T, content []byte) {
		o := newServer()
		h := New(Config{Ingest: o, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Gather: time.Nanosecond, GatherMost: time.Nanosecond})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/cmaf/live/a.cmfa", bytes.NewReader(content)))
		h.Close()
		if w.Code == http.StatusInternalServerError {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		for _, feed := range o.Feeds() {
			bytes := 0
			for _, s := range feed.Got().Samples {
				bytes += len(s.Data)
			}
			if bytes > len(content) {
				t.Errorf("%d bytes of samples in a request of %d", bytes, len(content))
			}
		}
	})
}

// Whatever a path is, it names a channel and a track or it does not.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"live/Streams(a.cmfv)", "live/a/1.m4s", "live/init-0.mp4", "live/x.mpd", "/", "a//b/../c"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if a, ok := parsePath(p); ok && (a.channel == "" || !a.manifest && len(a.parts) == 0) {
			t.Errorf("%q: %+v", p, a)
		}
	})
}
