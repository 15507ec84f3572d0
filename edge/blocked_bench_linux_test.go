package edge

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/internal/catalog"
	"weir/internal/media"
)

// blockedEnv tells the test binary to be the server of BenchmarkBlockedPlayers.
const blockedEnv = "WEIR_BLOCKED_SERVER"

const (
	partsASegment = 10
	firstBlocked  = 40 * partsASegment // part that players wait for first
)

func init() {
	if os.Getenv(blockedEnv) == "" {
		return
	}
	if err := serveBlocked(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// blockedRound is what the server tells of one publication, or of the time before the first.
type blockedRound struct {
	Address   string
	Published int64         // when the part came, in nanoseconds since 1970
	CPU       time.Duration // from then until all players wait again
	RSS, Go   int64         // bytes: resident; heap and stacks in use after a collection
}

// serveBlocked is an edge with one low-latency channel. For each line with a number that it reads, it waits until so many players are held,
// publishes a part, waits until they are held again, and tells how it went.
func serveBlocked() error {
	handlers := make(chan Handler, 1)
	s, err := New(Config{
		Catalog: &fakeCatalog{list: []catalog.Channel{{ID: "news", DVR: time.Minute, Segment: lasts}}, changes: make(chan catalog.Change)},
		Log:     quiet, Now: func() time.Time { return epoch.Add(80 * time.Second) }, longest: time.Minute,
		Read: func(ctx context.Context, _ string, h Handler) error { handlers <- h; <-ctx.Done(); return nil },
	})
	if err != nil {
		return err
	}
	h := <-handlers
	track := tracksOf()[0]
	track.Part = lasts / partsASegment
	h.Target(lasts)
	h.Run(media.Run{Start: epoch, Tracks: []media.Track{track}}, []media.Init{{Track: "v1", Data: []byte("init")}})
	number, at := uint64(0), 0
	publish := func() {
		chunks, end := segment(track, number, partsASegment, 1000)
		h.Chunk(chunks[at])
		if at++; at == partsASegment {
			h.End(end)
			number, at = number+1, 0
		}
	}
	for range firstBlocked {
		publish()
	}
	h.CaughtUp()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = s.Serve(ln) }()
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(measured(blockedRound{Address: ln.Addr().String()})); err != nil {
		return err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		players, err := strconv.Atoi(in.Text())
		if err != nil {
			return err
		}
		parked := players > 0
		players = max(players, -players)
		held := func() int {
			if parked {
				return s.Stats().Held
			}
			return s.Stats().HeldInPlace
		}
		await := func(served uint64) {
			for answers(s) < served || held() != players {
				<-tick.C // nothing in a server that is measured tells who measures it
			}
		}
		before := answers(s)
		await(before)
		r := blockedRound{Published: time.Now().UnixNano(), CPU: cpuTime()}
		publish()
		await(before + uint64(players))
		r.CPU = cpuTime() - r.CPU
		if err := out.Encode(measured(r)); err != nil {
			return err
		}
	}
	return nil
}

// answers is how many playlists were sent.
func answers(s *Server) uint64 {
	for _, r := range s.Stats().Requests {
		if r.Kind == kindMedia.String() && r.Status == 200 {
			return r.Count
		}
	}
	return 0
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func measured(r blockedRound) blockedRound {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.Go = int64(m.HeapInuse + m.StackInuse)
	status, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := bytes.Cut(status, []byte("VmRSS:")); ok {
		n, _ := strconv.ParseInt(strings.Fields(string(rest))[0], 10, 64)
		r.RSS = n << 10
	}
	return r
}

// BenchmarkBlockedPlayers is 5,000 players blocked on one playlist on the loopback, the server in a process of its own with one processor.
// It tells when the last byte reaches the last player after a part is published, over the rounds (p50, p99), the server's processor time for each
// player woken (which includes taking in the next request), and its memory for each player that waits. in-place is the same where each of
// them keeps its goroutine and fasthttp's buffers.
//
// go test ./edge -run '^$' -bench BlockedPlayers -benchtime 100x
func BenchmarkBlockedPlayers(b *testing.B) {
	b.Run("parked", func(b *testing.B) { benchmarkBlocked(b, 5000, "") })
	b.Run("in-place", func(b *testing.B) { benchmarkBlocked(b, 5000, "If-None-Match: \"x\"\r\n") })
}

func benchmarkBlocked(b *testing.B, players int, header string) {
	args := []string{"env", blockedEnv + "=1", "GOMAXPROCS=1", os.Args[0]}
	if path, err := exec.LookPath("taskset"); err == nil {
		args = append([]string{path, "-c", "0"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = cmd.Wait()
	}()
	out := json.NewDecoder(stdout)
	var idle, r blockedRound
	if err := out.Decode(&idle); err != nil {
		b.Fatal(err)
	}
	crowd := newCrowd(b, idle.Address, players, header)
	defer crowd.leave()
	count := strconv.Itoa(players)
	if header != "" {
		count = "-" + count
	}
	var last, each []time.Duration
	var cpu time.Duration
	for b.Loop() {
		if _, err := io.WriteString(in, count+"\n"); err != nil {
			b.Fatal(err)
		}
		times := crowd.round(b)
		if err := out.Decode(&r); err != nil {
			b.Fatal(err)
		}
		for _, t := range times {
			each = append(each, time.Duration(t-r.Published))
		}
		last = append(last, time.Duration(slices.Max(times)-r.Published))
		cpu += r.CPU
	}
	slices.Sort(last)
	slices.Sort(each)
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(last[len(last)/2]), "last-p50-ms")
	b.ReportMetric(ms(last[len(last)*99/100]), "last-p99-ms")
	b.ReportMetric(ms(each[len(each)/2]), "each-p50-ms")
	b.ReportMetric(float64(cpu)/float64(len(last)*players)/1e3, "cpu-us/wake")
	b.ReportMetric(float64(r.RSS-idle.RSS)/float64(players), "rss-B/player")
	b.ReportMetric(float64(r.Go-idle.Go)/float64(players), "go-B/player")
}
