package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Three nodes, an ingest and an edge, each a program of its own.
func TestClusterOfPrograms(t *testing.T) {
	for _, user := range []string{"INGEST", "EDGE", "OPERATOR"} {
		t.Setenv("WEIR_"+user+"_PASSWORD", "hunter2")
	}
	accounts, err := filepath.Abs("../../docs/nats-accounts.conf")
	require.NoError(t, err)
	routes := []string{freePort(t), freePort(t), freePort(t)}
	ready := func(admin string) bool {
		status, _ := fetch(t, http.MethodGet, "http://"+admin+"/readyz", "")
		return status == http.StatusOK
	}
	var urls, admins []string
	var said []*output
	for i, route := range routes {
		dir := t.TempDir()
		file := filepath.Join(dir, "weir.yaml")
		require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `data: %s
admin: {listen: "127.0.0.1:0"}
node: {name: n%d, listen: "127.0.0.1:0", accounts: %q, store: 1GiB, memory: 256MiB, cluster: {listen: %q, routes: ["%s"], secret: s3cret}}
`, filepath.Join(dir, "data"), i, accounts, route, strings.Join(routes, `", "`)), 0o600))
		node, out := start(t, "bus", "--config", file)
		said = append(said, out)
		admins, urls = append(admins, address(t, out, "admin")), append(urls, address(t, out, "nats"))
		if i == 0 {
			require.False(t, ready(admins[0]), "one of three is no cluster")
			defer func() {
				require.NoError(t, node.Process.Signal(syscall.SIGTERM))
				require.NoError(t, node.Wait(), "%s", out)
			}()
		}
		if i == 2 {
			defer func() { require.NotContains(t, out.String(), "s3cret") }()
		}
	}
	for i := range admins {
		require.Eventually(t, func() bool { return ready(admins[i]) }, time.Minute, 50*time.Millisecond, "%s", said[i])
	}
	as := func(user string) string {
		return fmt.Sprintf("nats://%s:hunter2@%s", user, strings.Join(urls, ",nats://"+user+":hunter2@"))
	}
	_, in := start(t, "ingest", "--config", clustered(t, as("ingest")))
	_, out := start(t, "edge", "--config", clustered(t, as("edge")))
	players := "http://" + address(t, out, "players")
	require.Eventually(t, func() bool {
		status, _ := fetch(t, http.MethodGet, players+"/live/demo/index.m3u8", "")
		return status == http.StatusOK
	}, time.Minute, 50*time.Millisecond, "%s\n%s", in, out)
}
