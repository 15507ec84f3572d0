package e2e

import (
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	costFeeds   = 4
	costBitrate = 25_000_000 // of each feed's video, bits a second
	costLength  = 20         // seconds of media
)

// BenchmarkIngest is what it costs to take a gigabyte in, by way: CPU seconds of weir, from the feed to the window, with chunks of 200 ms and
// JetStream, next to `ffmpeg -c copy -f hls` writing fragmented MP4 into a directory, one ffmpeg a feed. Both get the same bytes over the
// same protocol: four feeds side by side of 25 Mbit/s in real time, 250 MB in all, so that there is something to be done all the time and no
// datagram comes faster than it can be read. A gigabyte is media that came in; what was lost on the way counts for neither.
func BenchmarkIngest(b *testing.B) {
	need(b, "ffmpeg")
	clip := makeCostClip(b)
	for _, way := range waysIn {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				weir := costOfWeir(b, way, clip)
				ffmpeg := costOfFFmpeg(b, way, clip)
				b.ReportMetric(weir, "cpu-s/GB")
				b.ReportMetric(ffmpeg, "ffmpeg-cpu-s/GB")
				b.ReportMetric(weir/ffmpeg, "weir/ffmpeg")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// costOfWeir sends all feeds to a server of its own.
func costOfWeir(b *testing.B, way wayIn, clip costClip) float64 {
	b.Helper()
	var channels strings.Builder
	ports := make([]string, costFeeds)
	for i := range ports {
		source := ""
		if way.bound != nil {
			ports[i] = freeUDP(b)
			source = fmt.Sprintf(", source: %q", way.bound(ports[i]))
		}
		fmt.Fprintf(&channels, "  c%d: {dvr: 2m%s}\n", i, source)
	}
	srv := start(b, settings{channels: channels.String()})
	defer srv.stop()
	if way.bound != nil {
		for _, port := range ports {
			srv.waitLog(time.Minute, "waiting for datagrams", port)
		}
	}
	before := cpuSeconds(b, srv.cmd.Process.Pid)
	var senders sync.WaitGroup
	for i := range costFeeds {
		senders.Go(func() { way.toWeir(b, srv, clip, fmt.Sprintf("c%d", i), ports[i]) })
	}
	senders.Wait()
	taken := srv.takenIn()
	for last := -1.0; taken > last; taken = srv.takenIn() {
		last = taken
		pass(2 * time.Second)
	}
	work := cpuSeconds(b, srv.cmd.Process.Pid) - before
	requireMost(b, clip, taken)
	return work / taken * 1e9
}

// takenIn is how many bytes of media have come in to all channels.
func (s *server) takenIn() float64 { return s.metric("weir_feed_received_bytes_total") }

// metric is a metric of the server, summed over all that have its name.
func (s *server) metric(name string) (sum float64) {
	s.t.Helper()
	_, metrics := fetch(s.t, http.MethodGet, "http://"+s.admin+"/metrics", "")
	for line := range strings.Lines(string(metrics)) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == '{' || rest[0] == ' ') {
			sum += number(s.t, strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]))
		}
	}
	return sum
}

// costOfFFmpeg sends all feeds to an ffmpeg each.
func costOfFFmpeg(b *testing.B, way wayIn, clip costClip) float64 {
	b.Helper()
	dir := b.TempDir()
	peers := make([]*broadcaster, costFeeds)
	var senders sync.WaitGroup
	for i := range peers {
		input, send := way.toFFmpeg(b, clip)
		peers[i] = broadcast(b, append(input, copiedToHLS(dir, strconv.Itoa(i), 2)...)...)
		senders.Go(send)
	}
	senders.Wait()
	work := time.Duration(0)
	for _, peer := range peers {
		select {
		case <-peer.ended:
		case <-time.After(time.Minute):
			b.Fatalf("ffmpeg does not end:\n%s", peer.output)
		}
		work += peer.cmd.ProcessState.UserTime() + peer.cmd.ProcessState.SystemTime()
	}
	taken := segmentBytes(b, dir)
	requireMost(b, clip, taken)
	return work.Seconds() / taken * 1e9
}

// copiedToHLS is what ffmpeg is told to write an input into a directory as HLS of fragmented MP4, in segments of so many seconds.
func copiedToHLS(dir, name string, seconds int) []string {
	return []string{
		"-c", "copy", "-f", "hls", "-hls_time", strconv.Itoa(seconds), "-hls_list_size", "0", "-hls_segment_type", "fmp4",
		"-hls_fmp4_init_filename", name + ".mp4", "-hls_segment_filename", filepath.Join(dir, name+"-%d.m4s"), filepath.Join(dir, name+".m3u8"),
	}
}

// segmentBytes is how many bytes the segments in a directory have together.
func segmentBytes(b *testing.B, dir string) (sum float64) {
	b.Helper()
	require.NoError(b, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".m4s" {
			var info fs.FileInfo
			info, err = entry.Info()
			sum += float64(info.Size())
		}
		return err
	}))
	return sum
}

// requireMost checks that what came in is nearly what was sent: a receiver that loses a lot has less to do.
func requireMost(b *testing.B, clip costClip, taken float64) {
	b.Helper()
	part := taken / (clip.bytes * costFeeds)
	b.Logf("%.1f %% of %.0f MB", 100*part, clip.bytes*costFeeds/1e6)
	require.InDelta(b, 1, part, 0.1, "of what was sent has come in")
}
