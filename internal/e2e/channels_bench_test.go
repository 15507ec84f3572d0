package e2e

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/bus"
	"weir/packager"
)

const (
	manyChannels = 500
	manyBitrate  = 1_000_000 // of each, bits a second
	measuredFor  = 10 * time.Second
)

// BenchmarkChannels has five hundred channels of 1 Mb/s on air, which an edge joins when they are asked for. It measures what they cost the edge before and
// after, how long the first request for one takes, and what the NATS server needs for them.
func BenchmarkChannels(b *testing.B) {
	need(b, "ffmpeg")
	clip := testClip(b, manyBitrate)
	var channels strings.Builder
	for i := range manyChannels {
		fmt.Fprintf(&channels, "  c%03d: {dvr: 1m}\n", i)
	}
	for b.Loop() {
		c := startCluster(b, clusterSettings{
			nodes: 1, ingests: 1, edges: 1, store: "20GiB", edge: "memory: 4GiB, idle: 10m", channels: channels.String(),
		})
		stop := putOnAir(b, c, clip)
		edge, node := c.edges[0], c.nodes[0]
		pause(b, 15*time.Second)
		b.ReportMetric(residentBytes(b, edge.cmd.Process.Pid)/1e6, "RSS-MB-asleep")
		b.ReportMetric(metric(b, edge, "go_goroutines"), "goroutines-asleep")
		b.ReportMetric(busy(b, edge)*100, "CPU-%-asleep")

		took := joinAll(b, edge)
		b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-join-median")
		b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms-join-p99")
		pause(b, 15*time.Second)
		b.ReportMetric(residentBytes(b, edge.cmd.Process.Pid)/1e6, "RSS-MB-joined")
		b.ReportMetric(metric(b, edge, "go_goroutines")/manyChannels, "goroutines/channel")
		b.ReportMetric(busy(b, edge)*100, "CPU-%-joined")
		b.ReportMetric(busy(b, node)*100, "CPU-%-NATS")
		b.ReportMetric(residentBytes(b, node.cmd.Process.Pid)/1e6, "RSS-MB-NATS")
		stop()
	}
}

// putOnAir puts all channels on air until the function that it gives is called.
func putOnAir(b *testing.B, c *cluster, clip *loop) (stop func()) {
	to, err := bus.Open(b.Context(), bus.Config{Role: bus.Ingest, URL: c.url("ingest"), Replicas: 1})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(b.Context())
	var feeds sync.WaitGroup
	for i := range manyChannels {
		channel := fmt.Sprintf("c%03d", i)
		var w *bus.Writer
		eventually(b, time.Minute, channel+" to be there", func() bool {
			w, err = to.Acquire(ctx, channel)
			return err == nil
		})
		p, err := packager.New(packager.Config{Segment: 2 * time.Second, Chunk: 200 * time.Millisecond}, packager.Resume{}, w)
		require.NoError(b, err)
		begin := time.Now()
		require.NoError(b, p.Start(clip.formats, begin))
		feeds.Go(func() {
			tick := time.NewTicker(200 * time.Millisecond)
			defer tick.Stop()
			for from := time.Duration(0); ctx.Err() == nil; {
				to := time.Since(begin)
				for _, s := range clip.samples(from, to) {
					if err := p.Write(s, time.Now()); err != nil {
						b.Errorf("%s: %v", channel, err)
						return
					}
				}
				from = to
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	return func() {
		cancel()
		feeds.Wait()
		_ = to.Close() // what is not stored by now does not matter
	}
}

// joinAll asks for all channels, 16 at a time, and tells how long each took, the shortest first.
func joinAll(b *testing.B, edge *member) (took []time.Duration) {
	var mu sync.Mutex
	var askers sync.WaitGroup
	for asker := range 16 {
		askers.Go(func() {
			for i := asker; i < manyChannels; i += 16 {
				at := time.Now()
				status, body := tryGet(b.Context(), fmt.Sprintf("http://%s/live/c%03d/v1/index.m3u8", edge.players, i), time.Minute)
				if status != http.StatusOK {
					b.Errorf("c%03d: %d %s", i, status, body)
				}
				mu.Lock()
				took = append(took, time.Since(at))
				mu.Unlock()
			}
		})
	}
	askers.Wait()
	slices.Sort(took)
	return took
}

// busy is which part of a processor a member takes.
func busy(b *testing.B, m *member) float64 {
	at, before := time.Now(), cpuSeconds(b, m.cmd.Process.Pid)
	pause(b, measuredFor)
	return (cpuSeconds(b, m.cmd.Process.Pid) - before) / time.Since(at).Seconds()
}

func pause(b *testing.B, d time.Duration) {
	select {
	case <-time.After(d):
	case <-b.Context().Done():
	}
}

// testClip is a minute of video of that bitrate, with sound.
func testClip(b *testing.B, bitrate int) *loop {
	clip := filepath.Join(b.TempDir(), "clip.mp4")
	rate := fmt.Sprint(bitrate - 64_000)
	ffmpeg(b, "-f", "lavfi", "-i", "testsrc2=rate=25:size=640x360:duration=60,noise=alls=20:allf=t", "-f", "lavfi", "-i", "sine=sample_rate=48000:duration=60",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "0", "-b:v", rate,
		"-maxrate", rate, "-bufsize", rate, "-c:a", "aac", "-b:a", "64k", "-t", "60", clip)
	return readLoop(b, clip)
}
