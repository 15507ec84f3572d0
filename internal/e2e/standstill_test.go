package e2e

import (
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Every process of a cluster stands still now and then, as on a machine whose host gives its processors to others, while an encoder pushes to two ingests, and
// the channel is ordered from one to the other: what people see has every sample once, in one run, without a discontinuity.
func TestClusterStandsStill(t *testing.T) {
	t.Parallel()
	realtime(t, clusterStandsStill)
}

func clusterStandsStill(t *attempt) {
	const (
		brief  = 900 * time.Millisecond // an ingest or an edge, at most: a writer is replaced after a little more
		long   = 5 * time.Second        // a NATS node, at most: connections to it are lost
		orders = 5 * time.Second        // between two, at most
	)
	lasts := 20 * time.Second
	if os.Getenv("WEIR_CHAOS") != "" {
		lasts = 2 * time.Minute
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	upTo := func(r *rand.Rand, most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) }

	c := startCluster(t, clusterSettings{nodes: 1, ingests: 2, edges: 2, channels: "  live: {dvr: 1h, segment: 1s, redundant: true}\n"})
	e := startEncoder(t)
	for _, in := range c.ingests {
		e.send("live", in)
	}
	viewers := map[string]*viewer{"edge0": tuneIn(t, "live", c.edges[0]), "edge1": tuneIn(t, "live", c.edges[1]), "both": tuneIn(t, "live", c.edges...)}
	c.roles()
	c.waitLive(viewers)

	end := time.Now().Add(lasts)
	var standing sync.WaitGroup
	defer standing.Wait()
	for i, m := range c.all() {
		most, between := brief, 5*time.Second
		if m.command == "bus" {
			most, between = long, 10*time.Second
		}
		r := rand.New(rand.NewPCG(seed, uint64(i)+1))
		standing.Go(func() {
			for time.Now().Before(end) && t.Context().Err() == nil {
				c.pass(upTo(r, between))
				m.pause()
				c.pass(upTo(r, most))
				m.resume()
			}
		})
	}
	var taken atomic.Int32
	for time.Now().Before(end) {
		c.pass(upTo(random, orders))
		to := c.ingests[random.IntN(2)]
		standing.Go(func() { // it may come late, when all is otherwise
			status, body := post(t, "http://"+to.admin+"/api/v1/channels/live/takeover")
			switch status {
			case http.StatusAccepted:
				taken.Add(1)
			case http.StatusConflict: // nobody is ready
			default:
				t.Errorf("an order is answered with %d %s", status, body)
			}
		})
	}
	standing.Wait()
	t.Logf("%d orders", taken.Load())
	c.waitLive(viewers)
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
}
