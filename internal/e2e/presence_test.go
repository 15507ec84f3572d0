package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A point of presence is a leaf node with mirrors of the channels, kept as long as it likes, and an edge that knows only this node: it has the same
// bytes, goes on serving what it has when the line is cut, and gets what it missed when that is back.
func TestPointOfPresence(t *testing.T) {
	t.Parallel()
	realtime(t, pointOfPresence)
}

func pointOfPresence(t *attempt) {
	need(t, "ffmpeg")
	ports := steadyPorts(t, 5)
	leaf, err := filepath.Abs("../../docs/nats-pop.conf")
	require.NoError(t, err)
	c := startCluster(t, clusterSettings{
		nodes: 1, ingests: 1, edges: 1, channels: "  live: {dvr: 10m, segment: 1s}\n", accounts: "../../docs/nats-hub.conf",
		environment: []string{"WEIR_LEAF_PASSWORD=" + clusterPassword, "WEIR_LEAF_LISTEN=" + ports[0]},
	})
	line := newRouteNet(t)
	there := line.routes(0, []string{"", ports[0]})[0]

	env := []string{"WEIR_POP=pop1", fmt.Sprintf("WEIR_LEAF_URL=nats-leaf://leaf:%s@%s", clusterPassword, there)}
	own := func(role, config string, more ...string) *member {
		m := c.member(role, len(c.all()), clusterSettings{environment: env})
		m.arguments = more
		m.configure(config)
		return m
	}
	login := func(user string) string { return fmt.Sprintf("nats://%s:%s@%s", user, clusterPassword, ports[1]) }
	node := own("bus", fmt.Sprintf("admin: {listen: %q}\nnode: {name: pop1, listen: %q, accounts: %q, store: 1GiB}\n", ports[2], ports[1], leaf))
	mirror := own("mirror", fmt.Sprintf("admin: {listen: %q}\nbus: {url: %q}\n", ports[3], login("operator")), "--keep", "30s")
	edge := own("edge", fmt.Sprintf("edge: {listen: \"127.0.0.1:0\"}\nadmin: {listen: %q}\nbus: {url: %q}\nchannels:\n  live: {dvr: 10m, segment: 1s}\n", ports[4], login("edge")))
	for i, m := range []*member{node, mirror, edge} {
		m.admin = ports[2+i]
		m.start()
		m.waitReady(time.Minute)
	}
	edge.players = edge.waitListening("players")
	edge.server.players = edge.players

	e := startEncoder(t)
	e.send("live", c.ingests[0])
	viewers := map[string]*viewer{"edge0": tuneIn(t, "live", c.edges[0]), "edge of the point of presence": tuneIn(t, "live", edge)}
	c.waitLive(viewers)
	away := viewers["edge of the point of presence"]

	kept, err := streamAt(t.Context(), login("operator"), chaosStream)
	require.NoError(t, err)
	require.Equal(t, 30*time.Second, kept.Config.MaxAge, "the point of presence keeps media as long as it likes")

	line.cut(1)
	at := away.at()
	eventually(t, time.Minute, "the others go on", func() bool { return viewers["edge0"].at().segment > at.segment+3 })
	list, ok := edge.media("live", "v1")
	require.True(t, ok, "the edge serves what it has")
	for _, s := range list.segments {
		status, _ := edge.get(s.uri)
		require.Equal(t, http.StatusOK, status, s.uri)
	}
	from := time.Now()
	line.heal()
	c.waitLive(viewers)
	t.Logf("the live edge is back %s after the line is", time.Since(from).Round(100*time.Millisecond))
	c.edges = append(c.edges, edge)
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
}
