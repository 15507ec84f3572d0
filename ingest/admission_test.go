package ingest

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/catalog"
)

// admitting is a server with an open channel, one for a few addresses, and one with a key.
func admitting(t *testing.T, a Admission) *Server {
	t.Helper()
	open, near, locked := catalog.New("open"), catalog.New("near"), catalog.New("locked")
	near.Allow, locked.Key = "192.0.2.0/24", "top-secret"
	s := New(Config{
		Bus: &fakeBus{}, Catalog: newFakeCatalog(open, near, locked), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now,
		Admission: a,
	})
	t.Cleanup(func() { s.Close(t.Context()) })
	return s
}

func TestAddressesDecideWhoPublishes(t *testing.T) {
	t.Parallel()
	s := admitting(t, Admission{Allow: "192.0.2.0/24,198.51.100.7,2001:db8::/32"})
	for _, tc := range []struct {
		p    Publish
		want error
	}{
		{Publish{Channel: "open", Remote: "192.0.2.1:5000"}, nil},
		{Publish{Channel: "open", Remote: "[::ffff:192.0.2.1]:5000"}, nil},
		{Publish{Channel: "open", Remote: "[2001:db8::5]:5000"}, nil},
		{Publish{Channel: "open", Remote: "203.0.113.1:5000"}, ErrAddress},
		{Publish{Channel: "none", Remote: "203.0.113.1:5000"}, ErrAddress}, // and not that there is no such channel
		{Publish{Channel: "none", Remote: "192.0.2.1:5000"}, ErrUnknownChannel},
		{Publish{Channel: "near", Remote: "198.51.100.7:5000"}, ErrAddress},
		{Publish{Channel: "near", Remote: "192.0.2.200:5000"}, nil},
		{Publish{Channel: "open", Remote: "somewhere"}, ErrAddress},
		{Publish{Channel: "near", Remote: "clip.mp4", Source: true}, nil},
	} {
		if _, err := s.admit(t.Context(), tc.p); !errors.Is(err, tc.want) {
			t.Errorf("%v: %v, want %v", tc.p, err, tc.want)
		}
	}
}

func TestHookDecidesWhoPublishes(t *testing.T) {
	t.Parallel()
	asked := make(chan question, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q question
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.Method != http.MethodPost {
			t.Errorf("%s: %v", r.Method, err)
		}
		asked <- q
		switch q.Key {
		case "yes":
			w.WriteHeader(http.StatusNoContent)
		case "no":
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "not\r\n  on \x1b[31mSundays\xff "+strings.Repeat("x", 10_000))
		case "silent no":
			w.WriteHeader(http.StatusUnauthorized)
		case "elsewhere":
			http.Redirect(w, r, "/yes", http.StatusTemporaryRedirect)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(hook.Close)
	ask := func(open bool, key string) error {
		h := NewHook(hook.URL, open, slog.New(slog.DiscardHandler))
		defer h.Close()
		s := admitting(t, Admission{Hook: h})
		_, err := s.admit(t.Context(), Publish{Channel: "open", Rendition: "720p", Key: key, Protocol: "srt", Remote: "192.0.2.1:5"})
		return err
	}
	for _, tc := range []struct {
		key    string
		open   bool
		refuse string // "": let in
	}{
		{"yes", false, ""},
		{"no", false, "not on [31mSundays xxx"},
		{"no", true, "not on"},
		{"silent no", true, "401 Unauthorized"},
		{"elsewhere", false, "307 Temporary Redirect"},
		{"elsewhere", true, ""},
		{"broken", false, "500 Internal Server Error"},
		{"broken", true, ""},
	} {
		err := ask(tc.open, tc.key)
		if (tc.refuse == "") != (err == nil) || err != nil && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), tc.refuse)) {
			t.Errorf("%s, open %t: %v", tc.key, tc.open, err)
		}
		if err != nil && (len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\r\n\x1b")) {
			t.Errorf("%s: %q", tc.key, err)
		}
		want := question{Action: "publish", Channel: "open", Rendition: "720p", Protocol: "srt", Remote: "192.0.2.1:5", Key: tc.key}
		if got := <-asked; got != want {
			t.Errorf("asked %+v", got)
		}
	}
	if len(asked) != 0 {
		t.Error("a redirect was followed: the key went elsewhere")
	}
}

// The hook is asked last: it learns nothing of feeds that are refused anyway, and is not asked about our own.
func TestHookIsAskedLast(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(hook.Close)
	h := NewHook(hook.URL, false, slog.New(slog.DiscardHandler))
	t.Cleanup(h.Close)
	s := admitting(t, Admission{Hook: h})
	for _, p := range []Publish{
		{Channel: "none"}, {Channel: "locked", Key: "guess"}, {Channel: "near", Remote: "203.0.113.1:5"}, {Channel: "open", Source: true},
	} {
		_, _ = s.admit(t.Context(), p)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("asked %d times", n)
	}
	if _, err := s.admit(t.Context(), Publish{Channel: "locked", Key: "top-secret"}); err != nil || asked.Load() != 1 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
}

// A hook that is away, or hangs, refuses, and its URL with what may be secret in it is told nobody.
func TestHookThatDoesNotAnswerRefuses(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	hang := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(hang) })
	for _, url := range []string{away.URL, hanging.URL} {
		h := NewHook(url+"/?token=s3cret", false, slog.New(slog.DiscardHandler))
		t.Cleanup(h.Close)
		s := admitting(t, Admission{Hook: h})
		_, err := s.admit(t.Context(), Publish{Channel: "open", Key: "s3cret"})
		if !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}
