package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

const cutFor = 20 * time.Second

// A network with a cluster on it falls in two, by a line that is down, and by lines on which only one way is lost. The node that leads the stream is on the
// smaller side, with one edge; all know all nodes. The smaller side serves what it has and says that it is not ready, the larger goes on, and when
// the line is well again nobody has to do anything: both edges have every sample, once, in the same bytes.
func TestPartitionByNamespaces(t *testing.T) {
	if os.Getenv("WEIR_NETNS") == "" {
		t.Skip("makes network namespaces: `make partition` runs it")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root makes network namespaces")
	}
	realtime(t, partitionByNamespaces)
}

func partitionByNamespaces(t *attempt) {
	network := newTwoSides(t)
	places := map[string]place{}
	for side, names := range [][]string{smaller: {"bus0", "edge0"}, larger: {"bus1", "bus2", "ingest0", "ingest1", "edge1"}} {
		for _, name := range names {
			places[name] = network.place(side)
		}
	}
	c := startCluster(t, clusterSettings{
		nodes: 3, ingests: 2, edges: 2, places: places, channels: "  live: {dvr: 1h, segment: 1s, redundant: true}\n",
	})
	e := startEncoder(t)
	for _, in := range c.ingests {
		e.send("live", in)
	}
	viewers := map[string]*viewer{"edge0": tuneIn(t, "live", c.edges[0]), "edge1": tuneIn(t, "live", c.edges[1])}
	for _, cut := range []string{unplugged, deaf, mute} {
		c.roles()
		c.waitLive(viewers)
		c.waitWhole(chaosStream, "KV_weir-live", "KV_weir-leases")
		c.lead(chaosStream, c.nodes[0])
		c.fallInTwo(network, cut, viewers)
	}
	c.roles()
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
}

// fallInTwo cuts the network, sees what both sides do, and that all is well when it is healed.
func (c *cluster) fallInTwo(network *twoSides, cut string, viewers map[string]*viewer) {
	c.t.Helper()
	inside, outside := c.edges[0], c.edges[1]
	before := c.lostConnections()
	from := time.Now()
	network.cut(cut)
	said := ""
	eventually(c.t, time.Minute, "the edge that is cut off says that it is not ready", func() bool {
		status, body := inside.readiness()
		said = strings.TrimSpace(body)
		return status == http.StatusServiceUnavailable
	})
	told := time.Since(from)
	require.NotEmpty(c.t, said)
	stale, live := viewers["edge0"].at(), viewers["edge1"].at()
	eventually(c.t, time.Minute, "the others go on", func() bool { return viewers["edge1"].at().segment > live.segment+4 })
	outside.waitReady(time.Minute)
	c.pass(cutFor - time.Since(from))
	status, _ := inside.readiness()
	require.Equal(c.t, http.StatusServiceUnavailable, status)
	require.Equal(c.t, stale, viewers["edge0"].at(), "nothing comes through a network that is cut")
	for _, track := range []string{"v1", "a1"} {
		list, ok := inside.media("live", track)
		require.True(c.t, ok, "the edge that is cut off serves what it has")
		for _, s := range list.segments {
			status, _ := inside.get(s.uri)
			require.Equal(c.t, http.StatusOK, status, s.uri)
		}
	}
	lasted, stood := time.Since(from), viewers["edge1"].stood(from)
	moved := ""
	for name, n := range c.lostConnections() {
		if n > before[name] {
			moved += " " + name
		}
	}

	healed := time.Now()
	network.heal()
	c.waitLive(viewers)
	well := time.Since(healed)
	c.waitWhole(chaosStream, "KV_weir-live", "KV_weir-leases")
	c.t.Logf("%s for %s: after %s the edge there says %q; the live edge stood still for the others for up to %s (had to find another node:%s); "+
		"once healed it moved on for all within %s, all was whole after %s", cut, lasted.Round(100*time.Millisecond), told.Round(100*time.Millisecond), said,
		stood.Round(10*time.Millisecond), moved, well.Round(100*time.Millisecond), time.Since(healed).Round(100*time.Millisecond))
}

// lead has a node lead a stream.
func (c *cluster) lead(stream string, node *member) {
	c.t.Helper()
	nc, err := nats.Connect(c.url("operator"), nats.Timeout(2*time.Second))
	require.NoError(c.t, err)
	defer nc.Close()
	eventually(c.t, time.Minute, node.name+" leads "+stream, func() bool {
		leader := c.leader(stream)
		if leader != nil && leader != node {
			_, _ = nc.Request("$JS.API.STREAM.LEADER.STEPDOWN."+stream, fmt.Appendf(nil, `{"placement": {"preferred": %q}}`, node.name), 5*time.Second)
		}
		return leader == node
	})
}

// lostConnections counts how often each member that is no node has lost its connection to the bus.
func (c *cluster) lostConnections() map[string]int {
	all := map[string]int{}
	for _, m := range append(append([]*member(nil), c.ingests...), c.edges...) {
		all[m.name] = strings.Count(m.log.tail(1<<30), `"bus: connection lost"`)
	}
	return all
}
