package cmaf

import (
	"bytes"
	"io"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/ingest/ingesttest"
)

// told is a body that tells when it is read.
type told struct {
	io.Reader
	read func()
}

func (t told) Read(p []byte) (int, error) {
	t.read()
	return t.Reader.Read(p)
}

// A header whose request was there first, and brings its bytes after a segment's, is waited for: so does ffmpeg's HLS output send them.
func TestSegmentIsAheadOfItsHeader(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	bytesOfHeader, w := io.Pipe()
	answers := make(chan int, 2)
	take := func(path string, body io.Reader) {
		answer := httptest.NewRecorder()
		b.handler.ServeHTTP(answer, httptest.NewRequest("PUT", path, body))
		answers <- answer.Code
	}
	go take("/cmaf/live/a/init.mp4", bytesOfHeader)
	ingesttest.Eventually(t, "the header's request", func() bool {
		b.handler.mu.Lock()
		defer b.handler.mu.Unlock()
		return b.handler.awaited["live"] == 1
	})
	read := make(chan struct{})
	go take("/cmaf/live/a/1.m4s", told{bytes.NewReader(sound(0, 20)), sync.OnceFunc(func() { close(read) })})
	<-read
	ingesttest.Eventually(t, "only the header is awaited", func() bool {
		b.handler.mu.Lock()
		defer b.handler.mu.Unlock()
		return b.handler.awaited["live"] == 1
	})
	_, err := w.Write(soundHeader())
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, 200, <-answers)
	require.Equal(t, 200, <-answers)
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Of(0)) == 20 })
	require.Empty(t, b.handler.awaited)
}

// A segment that has overtaken the one before it, on a connection of its own, waits for it.
func TestSegmentOvertakesAnother(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.put("/cmaf/live/a/init.mp4", soundHeader())
	b.put("/cmaf/live/a/1.m4s", sound(0, 20))
	read := make(chan struct{})
	answer := make(chan int, 1)
	go func() {
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, httptest.NewRequest("PUT", "/cmaf/live/a/3.m4s", told{bytes.NewReader(sound(40, 20)), sync.OnceFunc(func() { close(read) })}))
		answer <- w.Code
	}()
	<-read
	b.put("/cmaf/live/a/2.m4s", sound(20, 20))
	require.Equal(t, 200, <-answer)
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Of(0)) == 60 })
	require.Equal(t, upTo(0, 60), numbers(b.feed(0).Got().Of(0)))
}
