package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/bus"
	"weir/internal/media"
	"weir/packager"
	"weir/packager/vod"
)

// fileOf is a file in memory.
type fileOf []byte

func (f fileOf) Size() int64 { return int64(len(f)) }

func (f fileOf) Open(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f[offset : offset+length])), nil
}

// fillWindow packages a clip over and over, as fast as the bus takes it, into what a channel was fed in the time before now. It gives back how many bytes
// that are.
func fillWindow(t testing.TB, b *bus.Bus, channel, clip string, span, dvr time.Duration) (written int64) {
	t.Helper()
	data, err := os.ReadFile(clip)
	require.NoError(t, err)
	x, err := vod.Read(t.Context(), fileOf(data))
	require.NoError(t, err)
	var formats []media.Format
	length := time.Duration(1<<63 - 1)
	for _, k := range x.Tracks {
		formats = append(formats, k.Format)
		length = min(length, time.Duration(k.Samples.Len())*time.Second/time.Duration(k.Format.Clock.Timescale)*time.Duration(firstSample(k).Duration))
	}
	length = length.Truncate(time.Second)

	require.NoError(t, b.SetChannel(t.Context(), channel, dvr+time.Minute))
	w, err := b.Acquire(t.Context(), channel)
	require.NoError(t, err)
	p, err := packager.New(packager.Config{Segment: 2 * time.Second, Chunk: 200 * time.Millisecond}, packager.Resume{}, w)
	require.NoError(t, err)
	begin := time.Now().Add(-span)
	require.NoError(t, p.Start(formats, begin))
	for at := time.Duration(0); at < span; at += time.Second {
		for i, k := range x.Tracks {
			scale := int64(k.Format.Clock.Timescale)
			in, loop := at%length, at/length*length
			for _, s := range k.Samples.Samples(0, k.Samples.Len()) {
				if s.DTS < int64(in/time.Second)*scale || s.DTS >= int64(in/time.Second+1)*scale {
					continue
				}
				shift := int64(loop/time.Second) * scale
				sample := media.Sample{
					Track: i, DTS: media.Ticks(s.DTS + shift), PTS: media.Ticks(s.PTS() + shift), Sync: s.Sync, Data: data[s.Offset : s.Offset+int64(s.Size)],
				}
				require.NoError(t, p.Write(sample, begin.Add(at)))
				written += int64(s.Size)
			}
		}
		for w.Stats().PendingBytes > 8<<20 {
			time.Sleep(time.Millisecond)
		}
	}
	require.NoError(t, p.Flush(begin.Add(span)))
	require.NoError(t, w.Close(t.Context()))
	require.Zero(t, w.Stats().DroppedSegments)
	return written
}

func firstSample(k *vod.Track) vod.Sample {
	for _, s := range k.Samples.Samples(0, 1) {
		return s
	}
	return vod.Sample{}
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
	clip := filepath.Join(b.TempDir(), "clip.mp4")
	ffmpeg(b, "-f", "lavfi", "-i", "testsrc2=rate=25:size=640x360:duration=60,noise=alls=20:allf=t", "-f", "lavfi", "-i", "sine=sample_rate=48000:duration=60",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "0", "-b:v", strconv.Itoa(bitrate-64_000),
		"-maxrate", strconv.Itoa(bitrate-64_000), "-bufsize", strconv.Itoa(bitrate/2), "-c:a", "aac", "-b:a", "64k", "-t", "60", clip)
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
		for last := time.Now(); time.Since(last) < 3*time.Second; time.Sleep(50 * time.Millisecond) {
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
		if os.Getenv("WEIR_HOLD") != "" {
			b.Logf("players: %s", edge.players)
			time.Sleep(10 * time.Minute)
		}
		edge.stop()
	}
}

// fillBus fills the window of the channel deep, and tells how fast.
func fillBus(b *testing.B, c *cluster, clip string, span, dvr time.Duration) int64 {
	b.Setenv("WEIR_INGEST_PASSWORD", clusterPassword)
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
