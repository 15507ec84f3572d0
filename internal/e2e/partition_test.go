package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A node of NATS and the edge that knows only this one are cut off from the others: the edge serves what it has and says that it is not ready;
// the others go on. When the network is well again nobody has to do anything, and nothing is missing, twice, or other than elsewhere.
func TestClusterSurvivesPartition(t *testing.T) {
	t.Parallel()
	realtime(t, clusterSurvivesPartition)
}

func clusterSurvivesPartition(t *attempt) {
	routes := newRouteNet(t)
	c := startCluster(t, clusterSettings{
		nodes: 3, ingests: 1, edges: 2, routes: routes.routes, channels: "  live: {dvr: 1h, segment: 1s}\n",
		near: map[string][]int{"ingest0": {0, 1}, "edge0": {0, 1}, "edge1": {2}},
	})
	e := startEncoder(t)
	e.send("live", c.ingests[0])
	viewers := map[string]*viewer{"edge0": tuneIn(t, "live", c.edges[0]), "edge1": tuneIn(t, "live", c.edges[1])}
	c.waitLive(viewers)
	c.waitWhole(chaosStream)

	const apart = 2
	from := time.Now()
	routes.cut(apart)
	outside, inside := c.edges[0], c.edges[1]
	said := ""
	eventually(t, time.Minute, "the edge that is cut off says that it is not ready", func() bool {
		status, body := inside.readiness()
		said = body
		return status == http.StatusServiceUnavailable
	})
	told := time.Since(from)
	at := viewers["edge1"].at()
	eventually(t, time.Minute, "the others go on", func() bool { return viewers["edge0"].at().segment > at.segment+4 })
	outside.waitReady(time.Minute)
	require.Equal(t, at, viewers["edge1"].at(), "nothing comes through a network that is cut")
	for _, track := range []string{"v1", "a1"} {
		list, ok := inside.media("live", track)
		require.True(t, ok, "the edge that is cut off serves what it has")
		for _, s := range list.segments {
			status, _ := inside.get(s.uri)
			require.Equal(t, http.StatusOK, status, s.uri)
		}
	}
	t.Logf("after %s the edge that is cut off says: %s; the live edge stood still for the others for up to %s", told.Round(100*time.Millisecond), said,
		viewers["edge0"].stood(from).Round(10*time.Millisecond))

	lasted := time.Since(from)
	from = time.Now()
	routes.heal()
	c.waitLive(viewers)
	moved := time.Since(from)
	c.waitWhole(chaosStream, "KV_weir-live", "KV_weir-leases")
	t.Logf("cut off for %s; the live edge moves on for all %s after that, all is whole after %s", lasted.Round(100*time.Millisecond),
		moved.Round(100*time.Millisecond), time.Since(from).Round(100*time.Millisecond))
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
}
