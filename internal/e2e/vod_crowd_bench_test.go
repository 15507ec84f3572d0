package e2e

import (
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	crowd         = 1000 // players
	crowdAssets   = 500
	crowdFilms    = 4       // different files; the assets are links to them
	crowdLoops    = 3       // of a clip of 20 s
	crowdMemory   = 512     // MiB of the edge
	crowdHead     = 16      // MiB of it
	crowdViews    = 4       // assets that each player looks at, one after the other
	crowdSegments = 5       // that it plays of each
	mebibyte      = 1 << 20 // bytes
	sampledEvery  = 50 * time.Millisecond
)

// BenchmarkVODCrowd is a thousand players of five hundred assets, of which the second is chosen half as often as the first, the third a third
// as often, and so on (Zipf). They lie in a directory and on an HTTP server, have 2.7 GB together, and 256 MiB of memory. It measures how many
// segments are found in memory, what memory is used, looking all the time, and how often sources are read for a segment. Every answer is
// checked. At last all of them ask for one segment at one time.
func BenchmarkVODCrowd(b *testing.B) {
	need(b, "ffmpeg")
	dir := b.TempDir()
	for film := range crowdFilms {
		looped(b, constantBitrateClip(b, "320x180", 550_000+10_000*film), filepath.Join(dir, fmt.Sprintf("film%d.mp4", film)), crowdLoops)
	}
	for i := range crowdAssets {
		require.NoError(b, os.Link(filepath.Join(dir, fmt.Sprintf("film%d.mp4", i%crowdFilms)), filepath.Join(dir, fmt.Sprintf("%d.mp4", i))))
	}
	web := newSource(b, dir)
	for b.Loop() {
		srv := start(b, settings{
			channels: "  none: {}\n", memory: fmt.Sprintf("%dMiB", crowdMemory),
			more: fmt.Sprintf("vod:\n  head: %dMiB\n  sites:\n    disk: {url: \"file:%s\"}\n    web: {url: %q}\n"+
				"  libraries: {disk: {sites: [disk]}, web: {sites: [web]}}\n", crowdHead, dir, web.URL+"/"),
		})
		c := newViewers(srv)
		c.watch(b)
		c.askAtOnce(b, web)
		c.client.CloseIdleConnections()
		srv.stop()
	}
}

// viewers are players that ask as fast as they are answered.
type viewers struct {
	srv    *server
	client *http.Client
	chance []float64 // that one of the assets up to there is chosen

	mu       sync.Mutex
	sums     map[string]uint32 // of the segments of films, by path
	requests int
	bytes    int64
	errors   []error
}

func newViewers(srv *server) *viewers {
	v := &viewers{
		srv: srv, sums: map[string]uint32{},
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: crowd, DisableCompression: true}},
	}
	sum := 0.0
	for i := range crowdAssets {
		sum += 1 / float64(i+1)
		v.chance = append(v.chance, sum)
	}
	return v
}

// asset is the path of an asset: every other one is on the disk.
func asset(i int) string {
	return fmt.Sprintf("/vod/%s~%d.mp4", []string{"disk", "web"}[i/crowdFilms%2], i)
}

// watch has all players play, and measures.
func (v *viewers) watch(b *testing.B) {
	b.Helper()
	pid := v.srv.cmd.Process.Pid
	began, before := time.Now(), cpuSeconds(b, pid)
	var all sync.WaitGroup
	for n := range crowd {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for range crowdViews {
				v.view(random)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	resident, cached := 0.0, 0.0
	tick := time.NewTicker(sampledEvery)
	defer tick.Stop()
	for playing := true; playing; {
		select {
		case <-tick.C:
		case <-done:
			playing = false
		}
		resident, cached = max(resident, residentBytes(b, pid)), max(cached, v.srv.metric("weir_vod_cache_bytes"))
	}
	took, work := time.Since(began), cpuSeconds(b, pid)-before
	require.Empty(b, v.errors)
	require.LessOrEqual(b, cached, float64(crowdMemory/2*mebibyte), "half of the memory is for assets")
	require.LessOrEqual(b, resident, crowdMemory*mebibyte*1.25, "the process keeps within it, and a quarter on top")

	m := v.srv.metrics("weir_vod_cache_hits_total", "weir_vod_cache_misses_total", "weir_vod_reads_total", "weir_vod_packaged_total", "weir_vod_read_failures_total")
	hits, misses, reads, packaged := m[0], m[1], m[2], m[3]
	require.Zero(b, m[4])
	require.LessOrEqual(b, reads, packaged, "a segment is read once")
	b.Logf("%d requests for %.1f GB in %s; of %.0f segments %.0f were in memory; %.0f were packaged, by %.0f reads; at most %.0f MB of segments, %.0f MB resident",
		v.requests, float64(v.bytes)/1e9, took.Round(time.Second/10), hits+misses, hits, packaged, reads, cached/1e6, resident/1e6)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(100*hits/(hits+misses), "hit-%")
	b.ReportMetric(reads/packaged, "reads/segment")
	b.ReportMetric(cached/1e6, "cache-MB")
	b.ReportMetric(resident/1e6, "RSS-MB")
	b.ReportMetric(resident/(crowdMemory*mebibyte), "RSS/memory")
	b.ReportMetric(work/float64(v.bytes)*1e9, "CPU-s/GB")
	b.ReportMetric(float64(v.requests)/took.Seconds(), "requests/s")
}

// view plays some segments of an asset, mostly from its beginning on.
func (v *viewers) view(random *rand.Rand) {
	i := sort.SearchFloat64s(v.chance, random.Float64()*v.chance[crowdAssets-1])
	if !v.get(asset(i)+"/index.m3u8", "") || !v.get(asset(i)+"/v1/index.m3u8", "") {
		return
	}
	from := 0
	if random.IntN(4) == 0 {
		from = random.IntN(20*crowdLoops/4 - crowdSegments)
	}
	for n := from; n < from+crowdSegments; n++ {
		for _, track := range []string{"v1", "a1"} {
			name := fmt.Sprintf("/%s/%d.m4s", track, n)
			v.get(asset(i)+name, fmt.Sprint(i%crowdFilms, name))
		}
	}
}

// get asks for a path; what has the same name has to be the same. It is false where something was wrong.
func (v *viewers) get(path, name string) bool {
	sum, n, err := v.fetch(path)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.requests++
	v.bytes += n
	if err == nil && name != "" {
		if known, ok := v.sums[name]; ok && known != sum {
			err = fmt.Errorf("%s is not what other assets of this film have", path)
		}
		v.sums[name] = sum
	}
	if err != nil {
		v.errors = append(v.errors, err)
	}
	return err == nil
}

func (v *viewers) fetch(path string) (sum uint32, n int64, err error) {
	resp, err := v.client.Get(v.srv.url(path)) //nolint:noctx // it ends with the server
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	n, err = io.Copy(h, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d", path, resp.StatusCode)
	}
	return h.Sum32(), n, err
}

// askAtOnce has all players ask for the last segment of an asset, behind which nothing is read ahead, that nobody has seen.
func (v *viewers) askAtOnce(b *testing.B, web *source) {
	b.Helper()
	path := "/vod/web~film0.mp4"
	list, ok := v.srv.media(path[1:], "v1")
	require.True(b, ok)
	requests, reads := web.requests.Load(), v.srv.metric("weir_vod_reads_total")
	var all sync.WaitGroup
	for range crowd {
		all.Go(func() { v.get(list.segments[len(list.segments)-1].uri, "") })
	}
	all.Wait()
	require.Empty(b, v.errors)
	b.ReportMetric(v.srv.metric("weir_vod_reads_total")-reads, "reads/"+fmt.Sprint(crowd)+"-at-once")
	require.EqualValues(b, 1, web.requests.Load()-requests, "requests to the source")
}
