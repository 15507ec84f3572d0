package edge

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/shard"
)

// owners own everything, and answer as the test says.
type owners struct {
	asked  atomic.Int64
	answer func(o shard.Object) (io.ReadCloser, error)
}

func (o *owners) Others(string) bool { return true }

func (o *owners) Ask(_ context.Context, object shard.Object) (io.ReadCloser, error) {
	o.asked.Add(1)
	return o.answer(object)
}

// deep is an edge that has the beginning of its window in the bus only.
func deep(t *testing.T, peer PeerAccess) (*fixture, *archive) {
	t.Helper()
	a := &archive{reads: make(map[string]int)}
	f := newFixtureWith(t, Config{Segment: a.segment, Memory: 1000, render: fakeRenderers(), Peer: peer}, "news")
	h := <-f.handlers
	begin(h)
	stored(h, 0, 20)
	for n := uint64(20); n < 28; n++ {
		row(h, n, 4, 4000)
	}
	h.CaughtUp()
	return f, a
}

func (a *archive) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reads["v1"]
}

// What an edge does not have in memory its owner reads back from the bus, for all.
func TestOwnersReadBackForAll(t *testing.T) {
	t.Parallel()
	none := &owners{answer: func(shard.Object) (io.ReadCloser, error) { return nil, errors.New("a third is asked") }}
	owner, theirs := deep(t, PeerAccess{Secret: peerSecret, Owners: none})
	var objects []shard.Object
	by := &owners{}
	f, ours := deep(t, PeerAccess{Secret: peerSecret, Owners: by})
	by.answer = func(o shard.Object) (io.ReadCloser, error) {
		objects = append(objects, o)
		resp, body := owner.get("GET", "/peer"+o.Path, "Authorization", "Bearer "+peerSecret)
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, `"`+o.Tag+`"`, resp.Header.Get("Etag"))
		require.EqualValues(t, o.Size, len(body))
		return io.NopCloser(strings.NewReader(body)), nil
	}
	_, want := owner.get("GET", "/live/news/v1/3.m4s")
	require.EqualValues(t, 1, none.asked.Load())
	for range 2 {
		resp, got := f.get("GET", "/live/news/v1/3.m4s")
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, want, got)
	}
	require.Zero(t, ours.count())
	require.Equal(t, 1, theirs.count())
	require.Len(t, objects, 1)
	require.Equal(t, "/live/news/v1/3.m4s", objects[0].Path)

	resp, _ := f.get("GET", "/live/news/v1/4.m4s")
	require.Equal(t, 200, resp.StatusCode)
	require.EqualValues(t, 1, none.asked.Load(), "an owner that is asked asks nobody")
	require.Equal(t, 2, theirs.count())
	resp, _ = owner.get("GET", "/peer/live/news/v1/4.m4s", "Authorization", "Bearer wrong")
	require.Equal(t, 404, resp.StatusCode)
}

// An owner that fails, or gives something else, costs a reading of one's own.
func TestWrongOwnersAreReadAround(t *testing.T) {
	t.Parallel()
	for _, answer := range []func(o shard.Object) (io.ReadCloser, error){
		func(shard.Object) (io.ReadCloser, error) { return nil, errors.New("it is away") },
		func(o shard.Object) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(strings.Repeat("x", int(o.Size)))), nil
		},
		func(o shard.Object) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil },
	} {
		by := &owners{answer: answer}
		f, a := deep(t, PeerAccess{Secret: peerSecret, Owners: by})
		resp, got := f.get("GET", "/live/news/v1/3.m4s")
		require.Equal(t, 200, resp.StatusCode)
		require.NotContains(t, got, "xxxx")
		require.EqualValues(t, 1, by.asked.Load())
		require.Equal(t, 1, a.count())
	}
}
