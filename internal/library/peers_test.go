package library

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
	"weir/internal/shard"
)

// peers are others that own everything, and answer as the test says.
type peers struct {
	asked  atomic.Int64
	answer func(o shard.Object) (io.ReadCloser, error)
}

func (p *peers) Others(string) bool { return true }

func (p *peers) Ask(_ context.Context, o shard.Object) (io.ReadCloser, error) {
	p.asked.Add(1)
	return p.answer(o)
}

// borrower is a library whose segments are all others', and what its first segment has to be.
func borrower(t *testing.T, with *peers) (f *fixture, a Asset, want []byte) {
	t.Helper()
	f = newFixture(t, listing{"film": {Sites: []string{"web"}, Files: []catalog.AssetFile{{Path: "demo.mp4"}}}}, 0)
	owner, err := f.Open(t.Context(), "film")
	require.NoError(t, err)
	defer owner.Release()
	b, err := f.Own().Open(t.Context(), "film")
	require.NoError(t, err)
	defer b.Release()
	f.cfg.Peers = with // what comes from files up to here is what the owner has
	body, err := b.Segment("v1", firstOf(b))
	require.NoError(t, err)
	want, err = ReadAll(t.Context(), body)
	require.NoError(t, err)
	require.Zero(t, with.asked.Load(), "for another edge nobody is asked")

	f = newFixture(t, listing{"film": {Sites: []string{"web"}, Files: []catalog.AssetFile{{Path: "demo.mp4"}}}}, 0)
	f.cfg.Peers = with
	a, err = f.Open(t.Context(), "film")
	require.NoError(t, err)
	t.Cleanup(a.Release)
	return f, a, want
}

func firstOf(a Asset) uint64 { return a.Window().Rows.At(0).Number }

func segmentOf(t *testing.T, a Asset) ([]byte, string) {
	t.Helper()
	body, err := a.Segment("v1", firstOf(a))
	require.NoError(t, err)
	data, err := ReadAll(t.Context(), body)
	require.NoError(t, err)
	return data, body.Tag()
}

func TestSegmentComesFromItsOwner(t *testing.T) {
	t.Parallel()
	with := &peers{}
	f, a, want := borrower(t, with)
	objects := make(chan shard.Object, 10)
	with.answer = func(o shard.Object) (io.ReadCloser, error) {
		if !strings.HasPrefix(o.Path, "/vod/film/v1/0.m4s?") {
			return nil, shard.ErrRefused // the row behind, ahead of time
		}
		objects <- o
		return io.NopCloser(bytes.NewReader(want)), nil
	}
	got, tag := segmentOf(t, a)
	require.Equal(t, want, got)
	object := <-objects
	require.Equal(t, shard.Object{Key: object.Key, Path: "/vod/film/v1/0.m4s?v=" + a.Version(), Size: int64(len(want)), Tag: tag}, object)
	require.Contains(t, object.Key, a.Version())
	got, _ = segmentOf(t, a)
	require.Equal(t, want, got)
	require.Empty(t, objects, "it is asked for once")
	require.Zero(t, f.Stats().Failures)
}

// Whatever an owner answers, and wherever its answer ends, the segment is the right one.
func TestSegmentIsReadWhereOwnersFail(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(want []byte) (io.ReadCloser, error){
		"nobody":     func([]byte) (io.ReadCloser, error) { return nil, errors.New("refused") },
		"own by now": func([]byte) (io.ReadCloser, error) { return nil, shard.ErrOwn },
		"nothing":    func([]byte) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(nil)), nil },
		"another segment": func(want []byte) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(make([]byte, len(want)))), nil
		},
		"the head only": func(want []byte) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(want[:200])), nil },
		"all but a byte": func(want []byte) (io.ReadCloser, error) {
			return io.NopCloser(iotest.DataErrReader(io.MultiReader(bytes.NewReader(want[:len(want)-1]), iotest.ErrReader(errors.New("reset"))))), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := &peers{}
			f, a, want := borrower(t, with)
			with.answer = func(shard.Object) (io.ReadCloser, error) { return answer(want) }
			got, _ := segmentOf(t, a)
			require.Equal(t, want, got)
			require.NotZero(t, with.asked.Load())
			require.NotZero(t, f.Stats().Reads)
			require.Zero(t, f.Stats().Failures)
		})
	}
}

// Two edges that take each other for the owner of a segment do not wait for each other.
func TestOwnersDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	with, asked, answer := &peers{}, make(chan struct{}, 10), make(chan struct{})
	f, a, want := borrower(t, with)
	with.answer = func(shard.Object) (io.ReadCloser, error) {
		asked <- struct{}{}
		<-answer // the other waits for this edge
		return nil, errors.New("late")
	}
	body, err := a.Segment("v1", firstOf(a))
	require.NoError(t, err)
	<-asked
	b, err := f.Own().Open(t.Context(), "film")
	require.NoError(t, err)
	defer b.Release()
	got, _ := segmentOf(t, b)
	require.Equal(t, want, got)
	close(answer)
	got, err = ReadAll(t.Context(), body)
	require.NoError(t, err)
	require.Equal(t, want, got)
}
