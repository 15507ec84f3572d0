package edge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"weir/internal/media"
)

// open begins to get the segment that is being made.
func (f *fixture) open(path string) io.ReadCloser {
	f.t.Helper()
	resp, err := f.http.Get("http://edge" + path)
	if err != nil {
		f.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.ContentLength != -1 {
		f.t.Fatalf("status %d, length %d", resp.StatusCode, resp.ContentLength)
	}
	return resp.Body
}

// want reads exactly what a chunk has.
func want(t *testing.T, r io.Reader, c media.Chunk) {
	t.Helper()
	got := make([]byte, len(c.Data))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != string(c.Data) {
		t.Fatalf("chunk %d: %v, %.20q", c.Index, err, got)
	}
}

func TestFollowsAnOpenSegment(t *testing.T) {
	t.Parallel()
	f, h := onAir(t, fakeRenderers())
	chunks, end := segment(tracksOf()[0], 10, 3, 60000)
	h.Chunk(chunks[0])
	body := f.open("/live/news/v1/10.m4s")
	want(t, body, chunks[0]) // it is here before the next one is there
	if resp, got := f.get("GET", "/live/news/v1/10.0.m4s"); resp.StatusCode != 200 || got != string(chunks[0].Data) {
		t.Errorf("the first chunk: %d", resp.StatusCode)
	}
	if resp, _ := f.get("GET", "/live/news/v1/10.1.m4s"); resp.StatusCode != 404 {
		t.Errorf("the second chunk: %d", resp.StatusCode)
	}
	if resp, got := f.get("HEAD", "/live/news/v1/10.m4s"); resp.StatusCode != 200 || got != "" {
		t.Errorf("HEAD: %d %q", resp.StatusCode, got)
	}
	h.Chunk(chunks[1])
	want(t, body, chunks[1])
	h.Chunk(chunks[2])
	want(t, body, chunks[2])
	h.End(end)
	if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %d bytes, %v", len(rest), err)
	}
	resp, got := f.get("GET", "/live/news/v1/10.m4s")
	if resp.ContentLength != end.Bytes || int64(len(got)) != end.Bytes {
		t.Errorf("once it is closed: %d bytes", resp.ContentLength)
	}
}

func TestAbandonedSegmentCutsOff(t *testing.T) {
	t.Parallel()
	for name, giveUp := range map[string]func(f *fixture, h Handler, c []media.Chunk, end media.SegmentEnd){
		"damaged": func(_ *fixture, h Handler, c []media.Chunk, end media.SegmentEnd) {
			end.Checksum++
			h.Chunk(c[1])
			h.End(end)
		},
		"lost": func(_ *fixture, h Handler, _ []media.Chunk, _ media.SegmentEnd) {
			for n := uint64(11); n < 16; n++ {
				row(h, n, 1, 100)
			}
		},
		"shutdown": func(f *fixture, _ Handler, _ []media.Chunk, _ media.SegmentEnd) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := f.server.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, h := onAir(t, fakeRenderers())
			chunks, end := segment(tracksOf()[0], 10, 2, 2000)
			h.Chunk(chunks[0])
			body := f.open("/live/news/v1/10.m4s")
			want(t, body, chunks[0])
			giveUp(f, h, chunks, end)
			if _, err := io.ReadAll(body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the body ends with %v", err)
			}
		})
	}
}
