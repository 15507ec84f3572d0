package e2e

import (
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
	benchFeeds   = 10
	benchBitrate = 5_000_000 // of each feed's video, bits a second
)

// constantBitrateClip makes 20 s of video, 25 frames a second, of that size and bitrate (bits a second), with a key frame every two seconds,
// and AAC.
func constantBitrateClip(b *testing.B, size string, bitrate int) string {
	b.Helper()
	need(b, "ffmpeg")
	file := filepath.Join(b.TempDir(), "cbr.flv")
	out, err := exec.Command("ffmpeg", strings.Fields(fmt.Sprintf("-v error -f lavfi -i testsrc2=rate=25:size=%[3]s:duration=20,noise=alls=20:allf=t"+
		" -f lavfi -i sine=sample_rate=48000:duration=20 -c:v libx264 -preset ultrafast -g 50 -keyint_min 50 -sc_threshold 0"+
		" -b:v %[1]d -minrate %[1]d -maxrate %[1]d -bufsize %[1]d -nal-hrd cbr -pix_fmt yuv420p -c:a aac -b:a 128k %[2]s",
		bitrate, file, size))...).CombinedOutput()
	require.NoError(b, err, string(out))
	return file
}

// cpuSeconds is the time that a process and its ended children have spent on a processor.
func cpuSeconds(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(b, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	ticks := 0.0
	for _, field := range fields[11:13] { // utime, stime: proc(5)
		ticks += number(b, field)
	}
	return ticks / 100 // USER_HZ
}

// residentBytes is how much memory a process holds.
func residentBytes(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(kib)[0])
			require.NoError(b, err)
			return float64(n) * 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

// children are the processes that a process has started.
func children(b *testing.B, pid int) (pids []int) {
	b.Helper()
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	require.NoError(b, err)
	for field := range strings.FieldsSeq(string(list)) {
		pids = append(pids, int(number(b, field)))
	}
	return pids
}

// pushAll pushes one file as so many feeds; %d in to stands for the number of the feed.
func pushAll(b *testing.B, file, to string) {
	b.Helper()
	for i := range benchFeeds {
		broadcast(b, pushFile(file, fmt.Sprintf(to, i))...)
	}
}

// clipRate is how many bytes a second of a clip has, audio and video, without its container.
func clipRate(b *testing.B, file string) float64 {
	b.Helper()
	bytes := 0
	for _, kind := range []string{"video", "audio"} {
		for _, p := range packets(b, file, kind) {
			bytes += p.size
		}
	}
	return float64(bytes) / 20
}

// pass waits for a length of time: a benchmark measures what goes on meanwhile.
func pass(d time.Duration) { <-time.After(d) }

// BenchmarkPackaging is what ten feeds cost from RTMP to the window, with 200 ms chunks and JetStream, in CPU seconds a gigabyte
// of media, and how much memory a window of a gigabyte needs. nginx-rtmp, which writes plain HLS segments, gets the same feeds
// before, where it is installed.
func BenchmarkPackaging(b *testing.B) {
	const measured = 60 * time.Second
	clip := constantBitrateClip(b, "1920x1080", benchBitrate)
	gigabytes := clipRate(b, clip) * benchFeeds * measured.Seconds() / 1e9

	b.Run("nginx-rtmp", func(b *testing.B) {
		peer := startNginxRTMP(b)
		pushAll(b, clip, "rtmp://"+peer.address+"/live/c%d")
		pass(10 * time.Second)
		for b.Loop() {
			before := cpuSeconds(b, peer.worker)
			pass(measured)
			b.ReportMetric((cpuSeconds(b, peer.worker)-before)/gigabytes, "CPU-s/GB")
		}
	})
	b.Run("weir", func(b *testing.B) {
		var channels strings.Builder
		for i := range benchFeeds {
			fmt.Fprintf(&channels, "  c%d: {dvr: 160s, segment: 2s, chunk: 200ms}\n", i)
		}
		srv := start(b, settings{channels: channels.String()})
		pushAll(b, clip, srv.push("/live/c%d"))
		pass(10 * time.Second)
		for b.Loop() {
			before := cpuSeconds(b, srv.cmd.Process.Pid)
			pass(measured)
			b.ReportMetric((cpuSeconds(b, srv.cmd.Process.Pid)-before)/gigabytes, "CPU-s/GB")
		}
		pass(110 * time.Second) // until the windows are full
		held := 0.0
		for i := range benchFeeds {
			var status struct{ WindowBytes float64 }
			require.Equal(b, 200, srv.api("GET", fmt.Sprintf("/api/v1/channels/c%d", i), "", &status))
			held += status.WindowBytes
		}
		b.ReportMetric(held/1e6, "window-MB")
		b.ReportMetric(residentBytes(b, srv.cmd.Process.Pid)/held, "RSS/window")
	})
}
