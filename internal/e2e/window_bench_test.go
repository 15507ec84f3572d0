package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/bus"
	"weir/packager"
)

// fillWindow packages a clip over and over, as fast as the bus takes it, into what a channel was fed in the time before now. It gives back how many bytes
// that are.
func fillWindow(b *testing.B, to *bus.Bus, channel string, clip *loop, span, dvr time.Duration) (written int64) {
	b.Helper()
	require.NoError(b, to.SetChannel(b.Context(), channel, dvr+time.Minute))
	w, err := to.Acquire(b.Context(), channel)
	require.NoError(b, err)
	p, err := packager.New(packager.Config{Segment: 2 * time.Second, Chunk: 200 * time.Millisecond}, packager.Resume{}, w)
	require.NoError(b, err)
	begin := time.Now().Add(-span)
	require.NoError(b, p.Start(clip.formats, begin))
	for at := time.Duration(0); at < span; at += time.Second {
		for _, s := range clip.samples(at, at+time.Second) {
			require.NoError(b, p.Write(s, begin.Add(at)))
			written += int64(len(s.Data))
		}
		for w.Stats().PendingBytes > 8<<20 {
			pause(b, time.Millisecond)
		}
	}
	require.NoError(b, p.Flush(begin.Add(span)))
	require.NoError(b, w.Close(b.Context()))
	require.Zero(b, w.Stats().DroppedSegments)
	return written
}

// BenchmarkWindow starts an edge on a window that is there: one of 1 GB that fits its memory, and one of WEIR_DEEP (24h) at 1 Mb/s, of which 256 MiB fit.
// It measures how soon the live edge is served, how fast the rest comes into memory, how soon any segment is, and what the edge takes.
func BenchmarkWindow(b *testing.B) {
	need(b, "ffmpeg")
	deep := 24 * time.Hour
	if s := os.Getenv("WEIR_DEEP"); s != "" {
		var err error
		deep, err = time.ParseDuration(s)
		require.NoError(b, err)
	}
	b.Run("1GB", func(b *testing.B) { benchmarkWindow(b, 5_000_000, 1600*time.Second, "memory: 4GiB, backfill: 4GiB") })
	b.Run("deep", func(b *testing.B) { benchmarkWindow(b, 1_000_000, deep, "memory: 256MiB") })
}

func benchmarkWindow(b *testing.B, bitrate int, span time.Duration, memory string) {
	dvr := span + time.Hour
	clip := testClip(b, bitrate)
	c := startCluster(b, clusterSettings{
		nodes: 1, ingests: 1, edges: 1, store: "30GiB", edge: memory, channels: fmt.Sprintf("  deep: {dvr: %s}\n", dvr),
	})
	edge := c.edges[0]
	edge.stop()
	filled := fillBus(b, c, clip, span, dvr)

	for b.Loop() {
		begun := time.Now()
		edge.start()
		var newest int64
		eventually(b, 5*time.Minute, "the live edge", func() bool {
			newest = newestSegment(edge)
			return newest > 0
		})
		b.ReportMetric(float64(time.Since(begun).Milliseconds()), "ms-to-live")
		status, _ := tryGet(b.Context(), fmt.Sprintf("http://%s/live/deep/v1/%d.m4s", edge.players, newest), time.Minute)
		require.Equal(b, http.StatusOK, status)
		held := metric(b, edge, `weir_window_bytes{channel="deep"}`)
		for last := time.Now(); time.Since(last) < 3*time.Second; pause(b, 50*time.Millisecond) {
			if now := metric(b, edge, `weir_window_bytes{channel="deep"}`); now > held {
				held, last = now, time.Now()
				b.ReportMetric(held/1e6/time.Since(begun).Seconds(), "MB/s")
			}
		}
		b.ReportMetric(held/float64(filled), "held/window")
		random, took := rand.New(rand.NewPCG(1, 2)), []time.Duration(nil)
		for range 200 {
			n := random.Int64N(newest)
			at := time.Now()
			status, body := tryGet(b.Context(), fmt.Sprintf("http://%s/live/deep/v1/%d.m4s", edge.players, n), time.Minute)
			require.Equal(b, http.StatusOK, status, "segment %d of %d", n, newest)
			require.NotEmpty(b, body)
			took = append(took, time.Since(at))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-segment-median")
		b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-segment-longest")
		b.ReportMetric(residentBytes(b, edge.cmd.Process.Pid)/1e6, "RSS-MB")
		b.ReportMetric(residentBytes(b, c.nodes[0].cmd.Process.Pid)/1e6, "NATS-RSS-MB")
		edge.stop()
	}
}

// fillBus fills the window of the channel deep, and tells how fast.
func fillBus(b *testing.B, c *cluster, clip *loop, span, dvr time.Duration) int64 {
	to, err := bus.Open(b.Context(), bus.Config{Role: bus.Ingest, URL: c.url("ingest"), Replicas: 1})
	require.NoError(b, err)
	begun := time.Now()
	filled := fillWindow(b, to, "deep", clip, span, dvr)
	b.Logf("%.1f GB were written in %s", float64(filled)/1e9, time.Since(begun).Round(time.Second))
	require.NoError(b, to.Close())
	return filled
}

var listedSegment = regexp.MustCompile(`(?m)^(\d+)\.m4s`)

// newestSegment is the number of the newest whole segment of video that an edge lists; 0: it lists none.
func newestSegment(edge *member) int64 {
	status, body := tryGet(edge.t.Context(), "http://"+edge.players+"/live/deep/v1/index.m3u8", time.Minute)
	if status != http.StatusOK {
		return 0
	}
	all := listedSegment.FindAllSubmatch(body, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(all[len(all)-1][1]), 10, 64)
	return n
}

// metric is what a member's metrics say under that name.
func metric(t testing.TB, m *member, name string) float64 {
	_, body := tryGet(t.Context(), "http://"+m.admin+"/metrics", time.Minute)
	for line := range bytes.Lines(body) {
		if rest, ok := bytes.CutPrefix(line, []byte(name+" ")); ok {
			v, err := strconv.ParseFloat(string(bytes.TrimSpace(rest)), 64)
			require.NoError(t, err)
			return v
		}
	}
	return 0
}
