package e2e

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// played is what the browser harness says of a play.
type played struct {
	OK             bool
	Problems       []string
	Latency        float64 // seconds, at the end
	LowestLatency  float64
	HighestLatency float64
	Stalls         int
	FirstFrames    []float64 // ms from opening the channel, of each visit before
}

// play lets a browser play a channel with those options of the harness and returns what was measured, well or not.
func play(t testing.TB, srv *server, channel, player string, options ...string) (p played) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	cmd := harness(srv, channel, player, options...)
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	said := &syncBuffer{}
	cmd.Stderr = said
	out, err := cmd.Output()
	require.NoError(t, json.Unmarshal(out, &p), "%s\n%s", out, said)
	require.Equal(t, p.OK, err == nil, "%v: %s\n%s", err, out, said)
	t.Logf("%s", out)
	return p
}

// BenchmarkLatency is how far behind the encoder players are on a channel with 200 ms chunks over a minute, how often they stall,
// and how long the first frame takes after a page opens the channel: in a browser that has just been started, and the median of ten
// more visits with it.
func BenchmarkLatency(b *testing.B) {
	need(b, "node", "chromium")
	srv := start(b, settings{channels: "  demo: {dvr: 30m, source: \"file:testdata/demo.mp4\"}\n"})
	srv.waitMedia("demo", "v1", 10, time.Minute)
	for _, player := range browserPlayers {
		b.Run(player, func(b *testing.B) {
			for b.Loop() {
				p := play(b, srv, "demo", player, "--visits", "11", "--settle", "15", "--seconds", "60")
				require.Len(b, p.FirstFrames, 11)
				cold, warm := p.FirstFrames[0], p.FirstFrames[1:]
				slices.Sort(warm)
				b.ReportMetric(p.HighestLatency, "s-latency-max")
				b.ReportMetric(p.Latency, "s-latency-end")
				b.ReportMetric(float64(p.Stalls), "stalls")
				b.ReportMetric((warm[4]+warm[5])/2, "ms-first-frame")
				b.ReportMetric(cold, "ms-first-frame-cold")
			}
		})
	}
}
