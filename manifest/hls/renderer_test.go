package hls_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

// TestRendererIsPure compares a renderer's text with that of the pure functions over channels' lives: windows in any order, selections of them,
// links, with rows forgotten now and then.
func TestRendererIsPure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		windows := manifesttest.DrawLive(t)
		if rapid.IntRange(0, 7).Draw(t, "long") == 0 {
			windows = drawLong(t)
		}
		r := hls.NewRenderer()
		for range rapid.IntRange(1, 12).Draw(t, "requests") {
			w := windows[rapid.IntRange(0, len(windows)-1).Draw(t, "window")]
			if rapid.IntRange(0, 5).Draw(t, "forget") == 0 {
				r.Forget(w.Rows.At(rapid.IntRange(0, w.Rows.Len()-1).Draw(t, "before")).Number)
			}
			checkRenderer(t, r, drawView(t, w), drawLinks(t), rapid.SampledFrom([]hls.Delta{hls.Whole, hls.Whole, hls.Skip, hls.SkipRanges}).Draw(t, "delta"))
		}
	})
}

// drawLong is a channel of many blocks of rows that goes on and is trimmed.
func drawLong(t *rapid.T) []*media.Window {
	c := manifesttest.New(rapid.Uint64Range(0, 1000).Draw(t, "first"))
	c.LowLatency = true
	c.Target = 6 * time.Second
	var windows []*media.Window
	for range rapid.IntRange(1, 6).Draw(t, "stretches") {
		c.Run(0, manifesttest.Chunked(manifesttest.AVC(1, 1280, 720, "avc1.64001f"), time.Second), manifesttest.AAC("a1", 1, 48000, "en"))
		for range rapid.IntRange(1, 3).Draw(t, "pieces") {
			c.Rows(rapid.IntRange(0, 60).Draw(t, "rows"), 2*time.Second, 1_000_000)
			switch rapid.IntRange(0, 2).Draw(t, "event") {
			case 0:
				c.CutWithoutIDR()
			case 1:
				c.End("a1")
			}
			c.Row(2*time.Second, 1_000_000)
		}
		c.Trim(rapid.IntRange(0, c.Len()-1).Draw(t, "trimmed"))
		windows = append(windows, c.Window())
	}
	return windows
}

// drawView is w or a selection of it.
func drawView(t *rapid.T, w *media.Window) *media.Window {
	if rapid.Bool().Draw(t, "whole") {
		return w
	}
	oldest, newest, _ := w.Bounds()
	at := func(name string) time.Time {
		return oldest.Add(time.Duration(rapid.Int64Range(0, int64(newest.Sub(oldest))).Draw(t, name)))
	}
	s := manifest.Selection{Ordinary: rapid.Bool().Draw(t, "ordinary")}
	if rapid.Bool().Draw(t, "start") {
		s.Start = at("from")
	}
	if rapid.Bool().Draw(t, "end") {
		s.End = at("to")
	}
	if view, err := manifest.Select(w, s); err == nil {
		return view
	}
	return w
}

func drawLinks(t *rapid.T) manifest.Links {
	return manifest.Links{
		Playlists: rapid.SampledFrom([]string{"", "?dvr=60s", "?dvr=60s&token=a"}).Draw(t, "playlists"),
		Media:     rapid.SampledFrom([]string{"", "?token=a", "?token=\"\n"}).Draw(t, "media"),
	}
}

func checkRenderer(t require.TestingT, r *hls.Renderer, w *media.Window, links manifest.Links, delta hls.Delta) {
	check := func(want []byte, wantErr error, got *hls.Playlist, err error) {
		if wantErr != nil {
			require.Equal(t, wantErr, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, string(want), string(got.Text))
		checkGzip(t, got)
	}
	want, wantErr := hls.Multivariant(w, links)
	got, err := r.Multivariant(w, links)
	check(want, wantErr, got, err)
	for _, track := range append([]media.Track{{Name: "none"}}, w.Tracks...) {
		want, wantErr := hls.Media(w, track.Name, links, delta)
		got, err := r.Media(w, track.Name, links, delta)
		check(want, wantErr, got, err)
		want, wantErr = hls.IFrames(w, track.Name, links, delta)
		got, err = r.IFrames(w, track.Name, links, delta)
		check(want, wantErr, got, err)
	}
}

// checkGzip reads the compressed form with another's decoder.
func checkGzip(t require.TestingT, p *hls.Playlist) {
	data := p.Gzip()
	if data == nil {
		return
	}
	require.Less(t, len(data), len(p.Text))
	z, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	z.Multistream(false)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, string(p.Text), string(text))
}

// TestGzipOfLongPlaylist has a playlist of many blocks: its compressed form is small, and the second costs no compression of blocks.
func TestGzipOfLongPlaylist(t *testing.T) {
	t.Parallel()
	w := long(2000).Window()
	r := hls.NewRenderer()
	p, err := r.Media(w, "v1", manifest.Links{}, hls.Whole)
	require.NoError(t, err)
	data := p.Gzip()
	require.Less(t, len(data), len(p.Text)/5)
	checkGzip(t, p)
	again, err := r.Media(w, "v1", manifest.Links{}, hls.Whole)
	require.NoError(t, err)
	require.Equal(t, data, again.Gzip())
}

// TestRendererShared has one renderer used by several at once, on windows that slide.
func TestRendererShared(t *testing.T) {
	t.Parallel()
	c := long(300)
	r := hls.NewRenderer()
	var windows []*media.Window
	for range 40 {
		c.Row(2*time.Second, 1_000_000)
		c.Trim(1)
		windows = append(windows, c.Window())
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, w := range windows {
				want, err := hls.Media(w, "a1", manifest.Links{}, hls.Whole)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := r.Media(w, "a1", manifest.Links{}, hls.Whole)
				if err != nil || !bytes.Equal(want, got.Text) {
					t.Errorf("another text, or error %v", err)
					return
				}
				got.Gzip()
				r.Forget(w.Rows.At(0).Number)
			}
		})
	}
	wg.Wait()
}

// long is a channel in low latency that has rows of 2 s, with a row that is being made.
func long(rows int) *manifesttest.Channel {
	c := manifesttest.New(1 << 20)
	c.LowLatency = true
	c.Run(0, manifesttest.Chunked(manifesttest.AVC(1, 1920, 1080, "avc1.640028"), 200*time.Millisecond),
		manifesttest.Chunked(manifesttest.AAC("a1", 1, 48000, "en"), 200*time.Millisecond))
	c.Rows(rows, 2*time.Second, 5_000_000)
	c.Plan(2*time.Second, 5_000_000)
	for range 5 {
		c.Part("v1")
		c.Part("a1")
	}
	return c
}
