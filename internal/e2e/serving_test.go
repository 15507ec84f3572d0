package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each server is measured for so long, so many times, in turn: the speed of a machine drifts, and the ratio of neighbours does not.
const (
	servingRounds = 7
	servingTime   = 2 // seconds
)

// peer is a server that is measured.
type peer struct {
	name, address string
	pid           int
	work          []float64 // CPU seconds a request, by round
	rate          []float64 // requests a second, by round
}

// served is what is asked for in one part of the benchmark.
type served struct {
	name string
	uris []string
	size float64 // bytes of a body, on average

	// unasked, where it is not nil, gives each round paths in the place of uris that nobody has asked for before.
	unasked func(round int) []string
}

// BenchmarkServing is what it costs to serve a playlist and segments of three sizes, one core for the server, one for 32 players, against
// servers that have the same bytes: nginx from files, as distributions set it up and with descriptors kept open, and Varnish from memory.
// Figures are the median of the rounds, ratios the median of the rounds' ratios; the spread of a ratio tells how noisy the machine was.
func BenchmarkServing(b *testing.B) {
	need(b, "wrk", "nginx", "taskset", "ffmpeg")
	srv := start(b, settings{channels: "  large: {dvr: 30m}\n  small: {dvr: 30m}\n"})
	feeds := []*broadcaster{
		broadcast(b, pushFile(constantBitrateClip(b, "1920x1080", 6_000_000), srv.push("/live/large"))...),
		broadcast(b, pushFile(constantBitrateClip(b, "320x180", 600_000), srv.push("/live/small"))...),
	}
	srv.waitMedia("large", "v1", 26, 2*time.Minute) // so many make a playlist of 2 KB
	srv.waitMedia("small", "v1", 26, time.Minute)
	for _, feed := range feeds {
		feed.stop() // what is there is served from now on, nothing else is done
	}
	pass(2 * time.Second)
	docs := b.TempDir()
	segments := func(channel, track string) (uris []string) {
		list, ok := srv.media(channel, track)
		require.True(b, ok)
		for _, segment := range list.segments[10:18] {
			uris = append(uris, segment.uri)
		}
		return uris
	}
	all := []served{
		srv.keep(docs, "playlist-2KB", "/live/large/v1/index.m3u8?ll=0"),
		srv.keep(docs, "segment-30KB", segments("large", "a1")...),
		srv.keep(docs, "segment-150KB", segments("small", "v1")...),
		srv.keep(docs, "segment-1.5MB", segments("large", "v1")...),
	}
	peers := append([]*peer{weirPeer(b, srv)}, filePeers(b, docs)...)
	if address, pid, ok := startVarnish(b, peers[1].address); ok {
		peers = append(peers, &peer{name: "varnish", address: address, pid: pid})
		pin(b, pid)
	}
	for _, what := range all {
		b.Run(what.name, func(b *testing.B) {
			for b.Loop() {
				compare(b, peers, what)
			}
		})
	}
}

// keep writes what a server answers for the paths into a directory, for others to serve.
func (s *server) keep(docs, name string, uris ...string) served {
	s.t.Helper()
	kept := served{name: name, uris: uris}
	for _, uri := range uris {
		status, body := s.get(uri)
		require.Equal(s.t, 200, status)
		path, _, _ := strings.Cut(uri, "?")
		file := filepath.Join(docs, path)
		require.NoError(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(s.t, os.WriteFile(file, body, 0o600))
		kept.size += float64(len(body)) / float64(len(uris))
	}
	return kept
}

// weirPeer is a server that is measured, on a core of its own.
func weirPeer(b *testing.B, srv *server) *peer {
	b.Helper()
	pin(b, srv.cmd.Process.Pid)
	return &peer{name: "weir", address: srv.players, pid: srv.cmd.Process.Pid}
}

// filePeers are servers of the files of a directory: nginx as distributions set it up, and with descriptors kept open.
func filePeers(b *testing.B, docs string) []*peer {
	b.Helper()
	plain := startNginxFiles(b, docs, "")
	kept := startNginxFiles(b, docs, "open_file_cache max=10000 inactive=1h; open_file_cache_valid 1h;")
	pin(b, plain.worker)
	pin(b, kept.worker)
	return []*peer{{name: "nginx", address: plain.address, pid: plain.worker}, {name: "nginx-open", address: kept.address, pid: kept.worker}}
}

// compare measures all peers in turn and reports them, and the first against the others.
func compare(b *testing.B, peers []*peer, what served) {
	b.Helper()
	for _, p := range peers {
		p.work, p.rate = nil, nil
		requireThere(b, p.address, what.uris)
		load(b, p.address, what.uris, 1)
	}
	for round := range servingRounds {
		uris := what.uris
		if what.unasked != nil {
			uris = what.unasked(round)
		}
		for _, p := range peers {
			before := cpuSeconds(b, p.pid)
			requests := load(b, p.address, uris, servingTime)
			p.work = append(p.work, (cpuSeconds(b, p.pid)-before)/requests)
			p.rate = append(p.rate, requests/servingTime)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(what.size, "bytes")
	for _, p := range peers {
		work := median(p.work)
		b.ReportMetric(work*1e6, p.name+"-µs/request")
		b.ReportMetric(work*1e9/what.size, p.name+"-CPU-s/GB")
		b.ReportMetric(median(p.rate), p.name+"-requests/s")
		if p == peers[0] {
			continue
		}
		var ratios []float64
		for i := range p.work {
			ratios = append(ratios, peers[0].work[i]/p.work[i])
		}
		b.ReportMetric(median(ratios), peers[0].name+"/"+p.name)
		b.Logf("%s: %s/%s from %.2f to %.2f", what.name, peers[0].name, p.name, slices.Min(ratios), slices.Max(ratios))
	}
}

// median is the middle one of values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// pin gives a process one core; what loads it has the others.
func pin(b *testing.B, pid int) {
	b.Helper()
	out, err := exec.Command("taskset", "-acp", "0", strconv.Itoa(pid)).CombinedOutput()
	require.NoError(b, err, string(out))
}

// requireThere checks that a server has all of the paths.
func requireThere(b *testing.B, address string, paths []string) {
	b.Helper()
	for _, path := range paths {
		resp, err := http.Head("http://" + address + path)
		require.NoError(b, err)
		require.NoError(b, resp.Body.Close())
		require.Equal(b, 200, resp.StatusCode, path)
	}
}

// load asks for the paths in turn on 32 connections for so many seconds and returns how many answers came.
func load(b *testing.B, address string, paths []string, seconds int) float64 {
	b.Helper()
	script := filepath.Join(b.TempDir(), "paths.lua")
	text := fmt.Sprintf("local paths, made, i = {\"%s\"}, {}, 0\n"+
		"init = function() for n, path in ipairs(paths) do made[n] = wrk.format(nil, path) end end\n"+
		"request = function() i = i %% #made + 1; return made[i] end\n"+
		"done = function(s) io.write(\"answers \", s.requests, \" errors \", s.errors.connect + s.errors.read + s.errors.status, \"\\n\") end\n",
		strings.Join(paths, `", "`))
	require.NoError(b, os.WriteFile(script, []byte(text), 0o600))
	out, err := exec.Command("taskset", "-c", "1", "wrk", "-t1", "-c32", fmt.Sprintf("-d%ds", seconds), "-s", script, "http://"+address+"/").CombinedOutput()
	require.NoError(b, err, string(out))
	_, result, ok := strings.Cut(string(out), "answers ")
	require.True(b, ok, string(out))
	fields := strings.Fields(result)
	require.Equal(b, "0", fields[2], string(out))
	return number(b, fields[0])
}
