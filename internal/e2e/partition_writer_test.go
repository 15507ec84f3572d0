package e2e

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The ingest that writes a channel is cut off together with the node that leads all of the streams: the other ingest has to find another node, first, and to
// wait until another leader is elected; the second time it is with the larger side already. It takes the channel over as one does that lacks nothing: all of the
// feed is there, once, and in one run.
func TestPartitionCutsTheWriterOff(t *testing.T) {
	if os.Getenv("WEIR_NETNS") == "" {
		t.Skip("makes network namespaces: `make partition` runs it")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root makes network namespaces")
	}
	realtime(t, partitionCutsTheWriterOff)
}

func partitionCutsTheWriterOff(t *attempt) {
	network := newTwoSides(t)
	places := map[string]place{}
	for side, names := range [][]string{smaller: {"bus0", "ingest0", "edge0"}, larger: {"bus1", "bus2", "ingest1", "edge1"}} {
		for _, name := range names {
			places[name] = network.place(side)
		}
	}
	c := startCluster(t, clusterSettings{
		nodes: 3, ingests: 2, edges: 2, places: places, channels: "  live: {dvr: 1h, segment: 1s, redundant: true}\n",
		near: map[string][]int{"ingest0": {0}, "edge0": {0}, "ingest1": {0}, "edge1": {1, 2}},
	})
	e := startEncoder(t)
	for _, in := range c.ingests {
		e.send("live", in)
	}
	viewers := map[string]*viewer{"edge0": tuneIn(t, "live", c.edges[0]), "edge1": tuneIn(t, "live", c.edges[1])}
	for _, what := range []string{"the one that stands by is connected to the node that is cut off", "the one that stands by is connected to another node"} {
		inside, outside := c.ingests[0], c.ingests[1]
		if writer, _ := c.roles(); writer != inside {
			status, body := post(t, "http://"+inside.admin+"/api/v1/channels/live/takeover")
			require.Equal(t, http.StatusAccepted, status, body)
			eventually(t, time.Minute, "the ingest on the smaller side writes", func() bool { return inside.feed().Role == "writing" })
			c.roles()
		}
		c.waitLive(viewers)
		for _, stream := range []string{chaosStream, "KV_weir-live", "KV_weir-leases"} {
			c.waitWhole(stream)
			c.lead(stream, c.nodes[0])
		}
		before := outside.feed()
		from := time.Now()
		network.cut(unplugged)
		eventually(t, time.Minute, "the takeover", func() bool { return outside.feed().Role == "writing" })
		taken := time.Since(from)
		live := viewers["edge1"].at()
		eventually(t, time.Minute, "the live edge moves on", func() bool { return viewers["edge1"].at().segment > live.segment+2 })
		c.pass(cutFor - time.Since(from))
		stood := viewers["edge1"].stood(from)
		network.heal()
		healed := time.Now()
		c.waitLive(viewers)
		well := time.Since(healed)
		after := outside.feed()
		t.Logf("%s: taken over within %s, the live edge stood still for %s; once healed it moved on for all within %s", what,
			taken.Round(100*time.Millisecond), stood.Round(100*time.Millisecond), well.Round(100*time.Millisecond))
		require.Equal(t, before.Seamless+1, after.Seamless, outside.log.tail(60))
	}
	c.roles()
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
}
