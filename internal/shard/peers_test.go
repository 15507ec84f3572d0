package shard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

const secret = "what all edges know"

// asker is an edge that knows one other, which answers with h and owns everything.
func asker(t *testing.T, h http.HandlerFunc, timeout time.Duration) (*Peers, *atomic.Int64) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	at := &atomic.Int64{}
	now := func() time.Time { return time.Unix(at.Load(), 0) }
	m := &Members{cfg: Config{Self: Member{ID: "self"}, Log: quiet, Now: now, Load: func() (int, int) { return 0, 0 }}, stop: func() {}}
	m.all.Store(&table{share: []Member{{ID: "other", Address: server.URL}}, others: 1})
	p := NewPeers(m, secret, timeout, quiet)
	t.Cleanup(p.Close)
	return p, at
}

var film = Object{Key: "film", Path: "/vod/film/v1/0.m4s?v=1", Size: 5, Tag: "1-v1-0"}

func answerWith(body, tag string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !Authorized([]byte(r.Header.Get("Authorization")), secret) || r.URL.RequestURI() != "/peer"+film.Path {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Etag", `"`+tag+`"`)
		_, _ = io.WriteString(w, body)
	}
}

func TestOwnerIsAsked(t *testing.T) {
	t.Parallel()
	p, _ := asker(t, answerWith("bytes", film.Tag), 0)
	require.True(t, p.Others("film"))
	r, err := p.Ask(t.Context(), film)
	require.NoError(t, err)
	data := make([]byte, 5)
	_, err = io.ReadFull(r, data)
	require.NoError(t, err)
	require.Equal(t, "bytes", string(data))
	require.NoError(t, r.Close())
	require.Equal(t, Stats{Asked: 1, Got: 1, Bytes: 5}, p.Stats())
}

// What an owner gives that is something else is refused. It is not passed over for that.
func TestOtherAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"size":    answerWith("more bytes", film.Tag),
		"version": answerWith("bytes", "2-v1-0"),
		"none":    http.NotFound,
		"moved":   http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound).ServeHTTP,
	} {
		p, _ := asker(t, h, 0)
		_, err := p.Ask(t.Context(), film)
		require.ErrorIs(t, err, ErrRefused, name)
		require.Equal(t, Stats{Asked: 1, Failed: 1}, p.Stats(), name)
		require.True(t, p.Others("film"), name)
	}
}

// An owner that says nothing is waited for no longer than the timeout; after some such it is passed over for a moment.
// whole is all of the film from its owner.
func whole(ctx context.Context, p *Peers) ([]byte, error) {
	r, err := p.Ask(ctx, film)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

func TestSilentOwnerIsPassedOver(t *testing.T) {
	t.Parallel()
	for _, begin := range []string{"", "by"} {
		p, at := asker(t, func(w http.ResponseWriter, r *http.Request) {
			if begin != "" {
				w.Header().Set("Etag", `"`+film.Tag+`"`)
				w.Header().Set("Content-Length", "5")
				_, _ = io.WriteString(w, begin)
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}, 50*time.Millisecond)
		for range maxLate {
			require.True(t, p.Others("film"))
			_, err := whole(t.Context(), p)
			require.Error(t, err)
			require.NoError(t, t.Context().Err())
			if begin != "" { // it began each time, and then stopped
				continue
			}
		}
		require.EqualValues(t, maxLate, p.Stats().Failed)
		if begin == "" {
			require.False(t, p.Others("film"))
			_, err := p.Ask(t.Context(), film)
			require.ErrorIs(t, err, ErrOwn)
			require.Equal(t, 1, p.Stats().Passed)
			at.Add(int64(passedFor/time.Second) + 1)
			require.True(t, p.Others("film"))
		}
	}
}

// Who cannot be reached is passed over at once.
func TestDeadOwnerIsPassedOver(t *testing.T) {
	t.Parallel()
	p, _ := asker(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0)
	_, err := p.Ask(t.Context(), film)
	require.Error(t, err)
	require.False(t, p.Others("film"))
}

func TestNobodyButOneself(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	m := Join(Config{Bucket: func(ctx context.Context) (jetstream.KeyValue, error) { return c.bus.Edges(ctx) }, Self: Member{ID: "a"}, Log: quiet})
	defer m.Close()
	p := NewPeers(m, secret, 0, quiet)
	defer p.Close()
	require.False(t, p.Others("film"))
	_, err := p.Ask(t.Context(), film)
	require.ErrorIs(t, err, ErrOwn)
	require.False(t, Authorized([]byte("Bearer "), ""))
}
