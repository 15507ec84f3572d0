package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
)

// startNATS is the URL of a server with JetStream that ends with the test, with the accounts and users of a configuration where it is not nil.
func startNATS(t *testing.T, users *server.Options) string {
	t.Helper()
	return startNATSAt(t, users, server.RANDOM_PORT)
}

func startNATSAt(t *testing.T, users *server.Options, port int) string {
	t.Helper()
	opts := &server.Options{
		Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		JetStreamMaxStore: 1 << 30, JetStreamMaxMemory: 64 << 20,
	}
	if users != nil {
		opts.Accounts, opts.Users = users.Accounts, users.Users
	}
	srv, err := server.NewServer(opts)
	require.NoError(t, err)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	require.True(t, srv.ReadyForConnections(time.Minute))
	return srv.ClientURL()
}

// clustered is a file that all roles can share, but for the directory.
func clustered(t *testing.T, url string) string {
	t.Helper()
	dir := t.TempDir()
	demo, err := filepath.Abs("../../testdata/demo.mp4")
	require.NoError(t, err)
	file := filepath.Join(dir, "weir.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `data: %s
edge: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
ingest: {rtmp: "127.0.0.1:0", srt: "127.0.0.1:0", http: "127.0.0.1:0", whip: {udp: "127.0.0.1:0"}}
bus: {url: %q}
drain: 0s
channels: {demo: {source: %q}}
`, filepath.Join(dir, "data"), url, "file:"+demo), 0o600))
	return file
}

// adminOf is where a program's admin API is.
func adminOf(t *testing.T, said *output) string { return "http://" + address(t, said, "admin") }

// freePort is an address that nobody has just now.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

// Each has the user that docs/nats-accounts.conf makes for it.
func TestIngestAndEdgeAreTwoPrograms(t *testing.T) {
	for _, user := range []string{"INGEST", "EDGE", "OPERATOR"} {
		t.Setenv("WEIR_"+user+"_PASSWORD", "hunter2")
	}
	users, err := server.ProcessConfigFile("../../docs/nats-accounts.conf")
	require.NoError(t, err)
	url := startNATS(t, users)
	as := func(user string) string { return strings.Replace(url, "nats://", "nats://"+user+":hunter2@", 1) }
	ingest, said := start(t, "ingest", "--config", clustered(t, as("ingest")))
	inAdmin := adminOf(t, said)
	edge, edgeSaid := start(t, "edge", "--config", clustered(t, as("edge")))
	outAdmin := adminOf(t, edgeSaid)
	players := "http://" + address(t, edgeSaid, "players")

	ask := func(url string) (int, string) {
		status, body := fetch(t, http.MethodGet, url, "")
		return status, string(body)
	}
	for _, admin := range []string{inAdmin, outAdmin} {
		require.Eventually(t, func() bool { status, _ := ask(admin + "/readyz"); return status == http.StatusOK }, time.Minute, 20*time.Millisecond,
			"%s\n%s", said, edgeSaid)
	}
	require.Eventually(t, func() bool {
		status, list := ask(players + "/live/demo/index.m3u8")
		return status == http.StatusOK && strings.Contains(list, "#EXT-X-STREAM-INF")
	}, time.Minute, 20*time.Millisecond, "%s\n%s", said, edgeSaid)

	for _, what := range []string{"rtmp", "srt", "http", "whip"} {
		require.NotContains(t, edgeSaid.String(), fmt.Sprintf(`"for":%q`, what), "an edge takes nothing in")
		address(t, said, what)
	}
	require.NotContains(t, said.String(), `"for":"players"`)
	status, _ := ask(inAdmin + "/api/v1/clips")
	require.Equal(t, http.StatusNotFound, status, "an ingest has no windows")

	// An ingest that ends and comes back does not disturb the edge.
	require.NoError(t, ingest.Process.Signal(syscall.SIGTERM))
	require.NoError(t, ingest.Wait(), "%s", said)
	status, _ = ask(players + "/live/demo/index.m3u8")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, edge.Process.Signal(syscall.SIGTERM))
	require.NoError(t, edge.Wait(), "%s", edgeSaid)
	for _, said := range []*output{said, edgeSaid} {
		require.NotContains(t, strings.ToLower(said.String()), "violation", "each may do what it does")
		require.NotContains(t, said.String(), "hunter2")
	}
}

// An edge that comes first says what it waits for, is told to stop while it waits, and serves once an ingest has been there.
func TestEdgeBeforeAnyIngestWaits(t *testing.T) {
	t.Parallel()
	url := startNATS(t, nil)
	file := clustered(t, url)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	port := freePort(t)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), `admin: {listen: "127.0.0.1:0"}`, fmt.Sprintf("admin: {listen: %q}", port), 1)), 0o600))
	edge, said := start(t, "edge", "--config", file)
	ready := func() (int, string) {
		resp, err := http.Get("http://" + port + "/readyz")
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return 0, err.Error()
		}
		return resp.StatusCode, string(body)
	}
	require.Eventually(t, func() bool {
		status, body := ready()
		return status == http.StatusServiceUnavailable && strings.Contains(body, "starting\nbus: bus: waiting for KV bucket weir-catalog")
	}, time.Minute, 20*time.Millisecond, "%s", said)
	status, body := fetch(t, http.MethodGet, "http://"+port+"/healthz", "")
	require.Equal(t, http.StatusOK, status, "%s", body)
	status, _ = fetch(t, http.MethodGet, "http://"+port+"/api/v1/channels", "")
	require.Equal(t, http.StatusServiceUnavailable, status)

	start(t, "ingest", "--config", clustered(t, url))
	require.Eventually(t, func() bool { status, _ := ready(); return status == http.StatusOK }, time.Minute, 20*time.Millisecond, "%s", said)
	require.NoError(t, edge.Process.Signal(syscall.SIGTERM))
	require.NoError(t, edge.Wait(), "%s", said)

	waiting, said := start(t, "edge", "--config", clustered(t, startNATS(t, nil)))
	require.Eventually(t, func() bool { return strings.Contains(said.String(), "waiting for what is missing") }, time.Minute, 20*time.Millisecond)
	require.NoError(t, waiting.Process.Signal(syscall.SIGTERM))
	require.NoError(t, waiting.Wait(), "%s", said)
}
