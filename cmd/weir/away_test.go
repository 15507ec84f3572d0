package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// probe is what a probe at an address answers, 0 where nobody does.
func probe(address, path string) (status int, text string) {
	resp, err := http.Get("http://" + address + path)
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

// on is the file with the admin API at address.
func on(t *testing.T, file, address string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	changed := strings.Replace(string(text), `admin: {listen: "127.0.0.1:0"}`, fmt.Sprintf("admin: {listen: %q}", address), 1)
	require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
	return file
}

// A process that was started before its NATS servers left at once.
func TestProcessesWaitForNATS(t *testing.T) {
	t.Parallel()
	nats := freePort(t)
	for _, role := range []string{"serve", "ingest", "edge"} {
		t.Run(role, func(t *testing.T) {
			admin := freePort(t)
			waiting, said := start(t, role, "--config", on(t, clustered(t, "nats://bob:secret@"+nats), admin))
			require.Eventually(t, func() bool {
				status, body := probe(admin, "/readyz")
				return status == http.StatusServiceUnavailable && strings.HasPrefix(body, "starting\nbus: waiting for NATS: connect to NATS at nats://"+nats)
			}, time.Minute, 20*time.Millisecond, "%s", said)
			status, _ := probe(admin, "/healthz")
			require.Equal(t, http.StatusOK, status)
			require.NoError(t, waiting.Process.Signal(syscall.SIGTERM))
			require.NoError(t, waiting.Wait(), "%s", said)
			require.NotContains(t, said.String(), "secret")
		})
	}
	admin := freePort(t)
	waiting, said := start(t, "serve", "--config", on(t, clustered(t, "nats://bob:secret@"+nats), admin))
	require.Eventually(t, func() bool { return strings.Contains(said.String(), "waiting for the bus") }, time.Minute, 20*time.Millisecond, "%s", said)
	_, port, err := net.SplitHostPort(nats)
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	startNATSAt(t, nil, n)
	require.Eventually(t, func() bool { status, _ := probe(admin, "/readyz"); return status == http.StatusOK }, time.Minute, 20*time.Millisecond, "%s", said)
	require.NoError(t, waiting.Process.Signal(syscall.SIGTERM))
	require.NoError(t, waiting.Wait(), "%s", said)
}

// Told to stop, a process says so to load balancers before it refuses anybody.
func TestProcessDrainsBeforeItStops(t *testing.T) {
	t.Parallel()
	cmd, said := start(t, "serve", "--config", configuration(t, "drain: 5s"))
	admin, players := address(t, said, "admin"), address(t, said, "players")
	require.Eventually(t, func() bool { status, _ := probe(admin, "/readyz"); return status == http.StatusOK }, time.Minute, 20*time.Millisecond, "%s", said)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	served := false
	require.Eventually(t, func() bool {
		status, body := probe(admin, "/readyz")
		if status == 0 { // a machine that stood still all the while
			return true
		}
		other, _ := probe(players, "/live/live/index.m3u8")
		served = status == http.StatusServiceUnavailable && body == "draining\n" && other == http.StatusNotFound
		return served
	}, time.Minute, 5*time.Millisecond, "%s", said)
	require.NoError(t, cmd.Wait(), "%s", said)
	log := said.String()
	require.Contains(t, log, `"draining"`)
	require.Less(t, strings.Index(log, `"draining"`), strings.Index(log, `"stopping"`))
	require.True(t, served || strings.Contains(log, `"stopping"`))
}
