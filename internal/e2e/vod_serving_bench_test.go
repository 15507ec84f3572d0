package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	filmBitrate  = 3_000_000 // of its video, bits a second
	filmSegment  = 4         // seconds
	filmLoops    = 90        // of a clip of 20 s
	filmSegments = filmLoops * 20 / filmSegment

	// Every round of cold serving has films of its own, as many as it can get through, each seen by so many players a stretch of it apart.
	coldFilms   = 4
	coldPlayers = 15
)

// looped makes an MP4 of a file that is shown so many times, its samples copied.
func looped(b *testing.B, from, to string, times int, more ...string) {
	b.Helper()
	args := []string{"-v", "error", "-nostdin", "-stream_loop", strconv.Itoa(times - 1), "-i", from, "-c", "copy"}
	out, err := exec.Command("ffmpeg", append(append(args, more...), to)...).CombinedOutput()
	require.NoError(b, err, string(out))
}

// BenchmarkVODServing is what it costs to serve segments of 1.5 MB of a film of 700 MB, half an hour at 3 Mbit/s: warm, from memory, next to
// segments of a live channel with as many bytes; and cold, segments that nobody has asked for before, audio and video as players ask for them.
// nginx has the very same segments as files, which `weir vod package` wrote. What ffmpeg needs to write HLS of the same file is CPU seconds a
// gigabyte of segments. All files are in the memory of the system, and the films of the cold part are one, under many names.
func BenchmarkVODServing(b *testing.B) {
	need(b, "wrk", "nginx", "taskset", "ffmpeg")
	clip := constantBitrateClip(b, "1280x720", filmBitrate)
	dir, docs := b.TempDir(), b.TempDir()
	srv := start(b, settings{
		channels: fmt.Sprintf("  live: {dvr: 30m, segment: %ds}\n", filmSegment),
		more:     fmt.Sprintf("vod:\n  segment: %ds\n  head: 0\n  sites: {made: {url: \"file:%s\"}}\n  libraries: {films: {sites: [made]}}\n", filmSegment, dir),
	})
	feed := broadcast(b, pushFile(clip, srv.push("/live/live"))...)
	film := filepath.Join(dir, "film.mp4")
	looped(b, clip, film, filmLoops)
	packaged := filepath.Join(docs, "vod", "films~film.mp4")
	out, err := exec.Command(weirBinary, "vod", "package", film, packaged).CombinedOutput()
	require.NoError(b, err, string(out))
	for i := range coldFilms * (servingRounds + 1) {
		require.NoError(b, os.Link(film, filepath.Join(dir, coldFilm(i))))
		require.NoError(b, os.Symlink(packaged, filepath.Join(docs, "vod", "films~"+coldFilm(i))))
	}

	list, ok := srv.media("vod/films~film.mp4", "v1")
	require.True(b, ok)
	require.InDelta(b, filmSegments, len(list.segments), 1)
	warm := served{name: "warm", uris: uris(list.segments[10:18])}
	warm.size = srv.requireFiles(docs, warm.uris)
	cold := served{name: "cold", unasked: func(round int) []string { return coldPaths(srv, round) }}
	cold.uris = cold.unasked(servingRounds)
	cold.size = srv.requireFiles(docs, cold.uris[:len(cold.uris)/coldFilms])
	films := append([]*peer{weirPeer(b, srv)}, filePeers(b, docs)...)

	srv.waitMedia("live", "v1", 10, 2*time.Minute)
	feed.stop()
	pass(2 * time.Second)
	aired := b.TempDir()
	window, ok := srv.media("live", "v1")
	require.True(b, ok)
	live := srv.keep(aired, "live", uris(window.segments[1:9])...)
	channel := append([]*peer{weirPeer(b, srv)}, filePeers(b, aired)...)

	b.Run("live", func(b *testing.B) {
		for b.Loop() {
			compare(b, channel, live)
		}
	})
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			compare(b, films, warm)
		}
	})
	b.Run("cold", func(b *testing.B) {
		counts := []string{"weir_vod_cache_hits_total", "weir_vod_cache_misses_total", "weir_vod_reads_total", "weir_vod_packaged_total", "weir_site_bytes_total"}
		before := srv.metrics(counts...)
		for b.Loop() {
			compare(b, films, cold)
		}
		n := srv.metrics(counts...)
		for i := range n {
			n[i] -= before[i]
		}
		b.Logf("%.0f requests, of which %.1f %% found their segment in memory, as audio is read with its video and the next segment ahead; "+
			"%.0f reads of %.1f GB for %.0f segments", n[0]+n[1], 100*n[0]/(n[0]+n[1]), n[2], n[4]/1e9, n[3])
	})
	b.Run("ffmpeg", func(b *testing.B) {
		for b.Loop() {
			var work []float64
			for range 3 {
				work = append(work, costOfSegmenting(b, film))
			}
			b.ReportMetric(median(work), "CPU-s/GB")
		}
		b.ReportMetric(0, "ns/op")
	})
}

func coldFilm(i int) string { return fmt.Sprintf("cold%d.mp4", i) }

// coldPaths are the segments of the films of a round, in the order in which players ask for them.
func coldPaths(srv *server, round int) (paths []string) {
	srv.t.Helper()
	for i := range coldFilms {
		asset := "vod/films~" + coldFilm(coldFilms*round+i)
		video, ok := srv.media(asset, "v1")
		require.True(srv.t, ok)
		audio, ok := srv.media(asset, "a1")
		require.True(srv.t, ok)
		for row := range filmSegments / coldPlayers {
			for player := range coldPlayers {
				n := player*filmSegments/coldPlayers + row
				paths = append(paths, video.segments[n].uri, audio.segments[n].uri)
			}
		}
	}
	return paths
}

// costOfSegmenting is how many CPU seconds ffmpeg needs to write a gigabyte of a film as HLS, without a change to its samples.
func costOfSegmenting(b *testing.B, film string) float64 {
	b.Helper()
	dir := b.TempDir()
	cmd := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin", "-i", film}, copiedToHLS(dir, "film", filmSegment)...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds() / segmentBytes(b, dir) * 1e9
}

func uris(segments []listed) (all []string) {
	for _, s := range segments {
		all = append(all, s.uri)
	}
	return all
}

// requireFiles checks that the server's answers for the paths are the files of a directory, and gives their size, on average.
func (s *server) requireFiles(docs string, paths []string) (size float64) {
	s.t.Helper()
	for _, path := range paths {
		name, _, _ := strings.Cut(path, "?")
		file, err := os.ReadFile(filepath.Join(docs, name))
		require.NoError(s.t, err)
		status, body := s.get(path)
		require.Equal(s.t, 200, status, path)
		require.True(s.t, bytes.Equal(file, body), path)
		size += float64(len(file)) / float64(len(paths))
	}
	return size
}

// metrics are some metrics of the server.
func (s *server) metrics(names ...string) (values []float64) {
	for _, name := range names {
		values = append(values, s.metric(name))
	}
	return values
}
