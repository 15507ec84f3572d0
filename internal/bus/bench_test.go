package bus

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// counter is a Handler that counts and keeps nothing.
type counter struct {
	bytes   atomic.Int64
	latency atomic.Int64 // sum, in nanoseconds
	chunks  atomic.Int64
}

func (c *counter) Target(time.Duration)        {}
func (c *counter) Run(media.Run, []media.Init) {}
func (c *counter) End(media.SegmentEnd)        {}
func (c *counter) Signal(media.Signal)         {}
func (c *counter) Retract(string, uint64, int) {}
func (c *counter) CaughtUp()                   {}
func (c *counter) Chunk(k media.Chunk) {
	c.bytes.Add(int64(len(k.Data)))
	c.chunks.Add(1)
	c.latency.Add(time.Now().UnixNano() - k.Wall.UnixNano())
}

// cpu is the processor time of this process so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the process's resident memory in bytes.
func resident(b *testing.B) int64 {
	f, err := os.Open("/proc/self/status")
	require.NoError(b, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			require.NoError(b, err)
			return kb << 10
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

// BenchmarkThroughput publishes as fast as the bus takes it, to one reader.
func BenchmarkThroughput(b *testing.B) {
	for _, size := range []int{8 << 10, 125_000, 1 << 20, 4 << 20} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			bus := openBus(b, Config{})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			require.NoError(b, bus.SetChannel(ctx, "news", time.Hour))
			w := acquire(b, bus, "news")
			run, inits := testRun(0, 0, timeline)
			require.NoError(b, w.Run(run, inits))
			c := &counter{}
			done := make(chan error, 1)
			go func() { done <- bus.Read(ctx, "news", c) }()
			b.SetBytes(int64(size))
			data := testChunk(run, "v1", 0, 0, size).Data
			before := cpu(b)
			b.ResetTimer()
			for i := range b.N {
				k := testChunk(run, "v1", uint64(i/100), 0, 32)
				k.Index, k.Data = i%100, data
				require.NoError(b, w.Chunk(k))
				for w.Stats().PendingBytes > 32<<20 {
					runtime.Gosched()
				}
			}
			for c.bytes.Load() < int64(b.N*size) {
				runtime.Gosched()
			}
			b.StopTimer()
			b.ReportMetric((cpu(b)-before).Seconds()/(float64(b.N*size)/1e9), "cpu-s/GB")
			closeWriter(b, w)
			cancel()
			<-done
		})
	}
}

// BenchmarkChannels runs ten channels of 5 Mb/s, each with one reader, in real time: chunks of 200 ms are sent when they are
// due. One iteration is a second.
func BenchmarkChannels(b *testing.B) {
	const channels, size = 10, 125_000
	bus := openBus(b, Config{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	start := resident(b)
	done := make(chan error, channels)
	c := &counter{}
	var writers []*Writer
	run, inits := testRun(0, 0, timeline)
	for i := range channels {
		name := fmt.Sprintf("ch%d", i)
		require.NoError(b, bus.SetChannel(ctx, name, time.Hour))
		w := acquire(b, bus, name)
		require.NoError(b, w.Run(run, inits))
		writers = append(writers, w)
		go func() { done <- bus.Read(ctx, name, c) }()
	}
	data := testChunk(run, "v1", 0, 0, size).Data
	before := cpu(b)
	most := int64(0)
	tick := time.NewTicker(200 * time.Millisecond / channels)
	defer tick.Stop()
	b.ResetTimer()
	n := b.N * 5 * channels
	for i := range n {
		<-tick.C
		w, at := writers[i%channels], i/channels
		k := testChunk(run, "v1", uint64(at/10), 0, 32)
		k.Index, k.Data, k.Wall = at%10, data, time.Now()
		require.NoError(b, w.Chunk(k))
		if k.Index == 9 {
			require.NoError(b, w.End(media.SegmentEnd{
				Track: "v1", Segment: k.Segment, Init: 1, Timescale: 90000, Start: k.Start, Duration: 180000, Chunks: 10,
				Bytes: 10 * size,
			}))
		}
		if i%50 == 0 {
			most = max(most, resident(b))
		}
	}
	for c.chunks.Load() < int64(n) {
		runtime.Gosched()
	}
	b.StopTimer()
	b.ReportMetric((cpu(b)-before).Seconds()/(float64(n)*size/1e9), "cpu-s/GB")
	b.ReportMetric(float64(c.latency.Load())/float64(n)/1e6, "ms-mean")
	b.ReportMetric(float64(most)/(1<<20), "MiB-peak")
	b.ReportMetric(float64(start)/(1<<20), "MiB-start")
	for _, w := range writers {
		closeWriter(b, w)
	}
	cancel()
	for range channels {
		<-done
	}
}
