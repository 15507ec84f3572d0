package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/testdata"
)

const (
	longFilm    = 2 * time.Hour
	demoLength  = 24 * time.Second
	startRounds = 5
	mostRanges  = 3 // that a manifest may take, by the aim
)

// BenchmarkVODStart is how soon a film of two hours begins in a server that has just started: from a request to the first byte of its
// manifest, and of its first segment, and what is asked of the source until then. The film lies on a disk, whose bytes the system does not
// have in memory, or behind an HTTP server, and has its index at its front or at its end.
func BenchmarkVODStart(b *testing.B) {
	need(b, "ffmpeg", "dd")
	dir := b.TempDir()
	demo := filepath.Join(b.TempDir(), "demo.mp4")
	require.NoError(b, os.WriteFile(demo, []byte(testdata.Demo), 0o600))
	looped(b, demo, filepath.Join(dir, "end.mp4"), int(longFilm/demoLength))
	looped(b, filepath.Join(dir, "end.mp4"), filepath.Join(dir, "front.mp4"), 1, "-movflags", "+faststart")
	web := newSource(b, dir)
	for _, site := range []string{"disk", "web"} {
		for _, index := range []string{"front", "end"} {
			b.Run(site+"/"+index, func(b *testing.B) {
				for b.Loop() {
					var starts []began
					for range startRounds {
						starts = append(starts, startFilm(b, web, dir, site, index+".mp4"))
					}
					reportStarts(b, starts)
				}
			})
		}
	}
}

// began is how a film began.
type began struct {
	manifest, playlist, segment time.Duration // until the first byte
	requests, bytes             float64       // of the source, for the manifest
	more                        float64       // bytes for the first segment, and what is read ahead
	index                       float64       // bytes of memory
}

// startFilm begins to play a film from a site, in a server of its own.
func startFilm(b *testing.B, web *source, dir, site, file string) (f began) {
	b.Helper()
	srv := start(b, settings{channels: "  none: {}\n", more: fmt.Sprintf("vod:\n  head: 0\n  sites:\n    disk: {url: \"file:%s\"}\n    web: {url: %q}\n"+
		"  libraries: {films: {sites: [%s]}}\n", dir, web.URL+"/", site)})
	defer srv.stop()
	if site == "disk" { // out of the memory of the system
		out, err := exec.Command("dd", "of="+filepath.Join(dir, file), "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none").CombinedOutput()
		require.NoError(b, err, string(out))
	}
	requests, bytes := web.requests.Load(), web.bytes.Load()
	base := "/vod/films~" + file
	f.manifest = firstByte(b, srv.url(base+"/index.m3u8"))
	f.requests, f.bytes = srv.metric("weir_site_requests_total"), srv.metric("weir_site_bytes_total")
	if site == "disk" {
		f.requests-- // to open it
	} else {
		require.EqualValues(b, web.requests.Load()-requests, f.requests, "what the server says, and what came to the source")
		require.InEpsilon(b, web.bytes.Load()-bytes, f.bytes, 0.01)
	}
	f.playlist = firstByte(b, srv.url(base+"/v1/index.m3u8"))
	list, ok := srv.media(base[1:], "v1")
	require.True(b, ok)
	f.segment = firstByte(b, srv.url(list.segments[0].uri))
	f.more = srv.metric("weir_site_bytes_total") - f.bytes
	f.index = srv.metric("weir_vod_index_bytes")
	require.InDelta(b, longFilm.Seconds(), list.seconds(), 5)
	require.LessOrEqual(b, f.requests, float64(mostRanges))
	return f
}

// firstByte is how long it takes until the first byte of an answer is there.
func firstByte(b *testing.B, url string) time.Duration {
	b.Helper()
	var first time.Time
	ctx := httptrace.WithClientTrace(b.Context(), &httptrace.ClientTrace{GotFirstResponseByte: func() { first = time.Now() }})
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(b, err)
	asked := time.Now()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(b, err)
	require.NoError(b, resp.Body.Close())
	require.Equal(b, 200, resp.StatusCode)
	return first.Sub(asked)
}

// reportStarts reports the median of each figure.
func reportStarts(b *testing.B, starts []began) {
	b.Helper()
	middle := func(of func(*began) float64) float64 {
		var values []float64
		for i := range starts {
			values = append(values, of(&starts[i]))
		}
		return median(values)
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(middle(func(f *began) float64 { return ms(f.manifest) }), "manifest-ms")
	b.ReportMetric(middle(func(f *began) float64 { return ms(f.playlist) }), "playlist-ms")
	b.ReportMetric(middle(func(f *began) float64 { return ms(f.segment) }), "segment-ms")
	b.ReportMetric(middle(func(f *began) float64 { return f.requests }), "manifest-ranges")
	b.ReportMetric(middle(func(f *began) float64 { return f.bytes / 1e3 }), "manifest-kB")
	b.ReportMetric(middle(func(f *began) float64 { return f.more / 1e3 }), "segment-kB")
	b.ReportMetric(middle(func(f *began) float64 { return f.index / 1e6 / longFilm.Hours() }), "index-MB/h")
}
