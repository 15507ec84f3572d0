package bus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
)

// unused are addresses that nobody has just now.
func unused(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer ln.Close()
		all = append(all, ln.Addr().String())
	}
	return all
}

func startNode(t *testing.T, cfg NodeConfig) *Node {
	t.Helper()
	n, err := StartNode(testContext(t), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// Three nodes that know one another by a list are a cluster: channels are stored on all, and go on when one has left, and when it is back.
func TestThreeNodesAreACluster(t *testing.T) {
	for _, user := range []string{"INGEST", "EDGE", "OPERATOR"} {
		t.Setenv("WEIR_"+user+"_PASSWORD", "hunter2")
	}
	routes := unused(t, 3)
	var nodes []*Node
	var cfgs []NodeConfig
	var urls []string
	for i, route := range routes {
		cfg := NodeConfig{
			Dir: t.TempDir(), Name: fmt.Sprint("n", i), Listen: "127.0.0.1:0", Accounts: "../../docs/nats-accounts.conf",
			Cluster: NodeCluster{Name: "weir", Listen: route, Routes: routes, Secret: "s3cret/@:"},
		}
		nodes, cfgs = append(nodes, startNode(t, cfg)), append(cfgs, cfg)
		if i == 0 {
			require.Error(t, nodes[0].Ready(), "one of three is no cluster")
		}
		urls = append(urls, nodes[i].Addr().String())
	}
	eventually(t, "the cluster", func() bool {
		return nodes[0].Ready() == nil && nodes[1].Ready() == nil && nodes[2].Ready() == nil && nodes[0].srv.NumRoutes() > 0
	})
	as := func(user string) string {
		return "nats://" + user + ":hunter2@" + strings.Join(urls, ",nats://"+user+":hunter2@")
	}
	ingest := openBus(t, Config{URL: as("ingest"), Role: Ingest, Replicas: 3})
	edge := openBus(t, Config{URL: as("edge"), Role: Edge})
	require.NoError(t, ingest.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, edge, "news")
	w := acquire(t, ingest, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 10000)
	r.wait(t, "a row on three nodes", func() bool { return len(r.ends) == 2 })

	require.NoError(t, nodes[1].Close())
	writeRow(t, w, run, 1, 10000)
	r.wait(t, "a row on two nodes", func() bool { return len(r.ends) == 4 })
	back := startNode(t, cfgs[1])
	eventually(t, "the node to be back, with what it missed", func() bool { return back.Ready() == nil })
	writeRow(t, w, run, 2, 10000)
	r.wait(t, "a row after it", func() bool { return len(r.ends) == 6 })
	require.Len(t, r.chunks, 60, "each once")
	closeWriter(t, w)
}

func TestNodeThatDoesNotKnowTheSecretStaysOut(t *testing.T) {
	t.Parallel()
	routes := unused(t, 2)
	node := func(i int, secret string) (*Node, refusals) {
		refused := make(refusals, 1)
		return startNode(t, NodeConfig{
			Dir: t.TempDir(), Name: fmt.Sprint("n", i), Listen: "127.0.0.1:0", Log: slog.New(refused),
			Cluster: NodeCluster{Name: "weir", Listen: routes[i], Routes: routes, Secret: secret},
		}), refused
	}
	a, atA := node(0, "right")
	b, atB := node(1, "wrong")
	for _, refused := range []refusals{atA, atB} {
		select { // until then a route is counted
		case <-refused:
		case <-testContext(t).Done():
			require.Fail(t, "a node has not refused the other")
		}
	}
	eventually(t, "no route", func() bool { return a.srv.NumRoutes() == 0 && b.srv.NumRoutes() == 0 })
	require.Error(t, a.Ready())
}

// refusals is a log that tells of those who were not let in.
type refusals chan struct{}

func (r refusals) Enabled(context.Context, slog.Level) bool { return true }
func (r refusals) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r refusals) WithGroup(string) slog.Handler            { return r }

func (r refusals) Handle(_ context.Context, line slog.Record) error {
	if strings.Contains(line.Message, server.ErrAuthentication.Error()) {
		select {
		case r <- struct{}{}:
		default:
		}
	}
	return nil
}

func TestNodeAloneNeedsNoCluster(t *testing.T) {
	t.Parallel()
	n := startNode(t, NodeConfig{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	eventually(t, "the node", func() bool { return n.Ready() == nil })
	works(t, openBus(t, Config{URL: "nats://" + n.Addr().String()}))
}

func TestNodeErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.conf")
	require.NoError(t, os.WriteFile(broken, []byte("accounts: {\n  A: {users: [{user: a, password: 5, nonsense: true}"), 0o600))
	empty := filepath.Join(t.TempDir(), "empty.conf")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	used := startNode(t, NodeConfig{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	dir := t.TempDir()
	held, err := lockDir(dir)
	require.NoError(t, err)
	defer held.release()
	for want, cfg := range map[string]NodeConfig{
		"in use by another process": {Dir: dir, Listen: "127.0.0.1:0"},
		"broken.conf":               {Dir: t.TempDir(), Listen: "127.0.0.1:0", Accounts: broken},
		"no users":                  {Dir: t.TempDir(), Listen: "127.0.0.1:0", Accounts: empty},
		"address already in use":    {Dir: t.TempDir(), Listen: used.Addr().String()},
		"missing port":              {Dir: t.TempDir(), Listen: "127.0.0.1"},
		"needs a name":              {Dir: t.TempDir(), Listen: "127.0.0.1:0", Cluster: NodeCluster{Listen: "127.0.0.1:0"}},
	} {
		_, err := StartNode(testContext(t), cfg)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
	}
}
