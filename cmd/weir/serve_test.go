package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asProgram makes the test's binary be the program.
const asProgram = "WEIR_TEST_ARGS"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(asProgram); ok {
		os.Exit(run(strings.Fields(args)))
	}
	os.Exit(m.Run())
}

// output is what a program has said so far.
type output struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes.String()
}

// start starts the program, which is killed with the test.
func start(t *testing.T, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	cmd, said := exec.Command(os.Args[0]), &output{}
	cmd.Env = append(os.Environ(), asProgram+"="+strings.Join(args, " "))
	cmd.Stderr = said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd, said
}

// configuration is a file with ports of its own.
func configuration(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "weir.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `data: %s
edge: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
ingest: {rtmp: "", srt: "", http: ""}
channels: {live: {}}
%s
`, filepath.Join(dir, "data"), more), 0o600))
	return file
}

// address is where the program listens for that.
func address(t *testing.T, said *output, what string) string {
	t.Helper()
	var found string
	require.Eventually(t, func() bool {
		_, rest, ok := strings.Cut(said.String(), fmt.Sprintf(`"for":%q,"address":"`, what))
		if !ok {
			return false
		}
		found, _, ok = strings.Cut(rest, `"`)
		return ok
	}, time.Minute, 10*time.Millisecond, "%s", said)
	return found
}

// hold is a client that sends half a request and waits.
func hold(t *testing.T, address string) {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = nc.Close() })
	_, err = nc.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n"))
	require.NoError(t, err)
}

// The program went on waiting for clients however often it was told to stop. A machine that stands still for as long as it waits shows
// nothing: the stop is orderly then, and it is tried again.
func TestSecondSignalEndsTheProgramAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		cmd, said := start(t, "serve", "--config", configuration(t, ""))
		hold(t, address(t, said, "players"))
		hold(t, address(t, said, "admin"))
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.Eventually(t, func() bool { return strings.Contains(said.String(), `"stopping"`) }, time.Minute, 5*time.Millisecond)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		again := time.NewTicker(20 * time.Millisecond) // the handler goes a moment after the first
		var err error
		for waiting := true; waiting; {
			select {
			case err = <-ended:
				waiting = false
			case <-again.C:
				_ = cmd.Process.Signal(syscall.SIGTERM)
			}
		}
		again.Stop()
		if err == nil && strings.Contains(said.String(), "cut off") {
			continue
		}
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, "%s", said)
		status, ok := exit.Sys().(syscall.WaitStatus)
		require.True(t, ok && status.Signaled(), "%v: %s", err, said)
		return
	}
	t.Error("the program waited for clients every time")
}

// A client that does not finish its request made an orderly stop a failure.
func TestSlowClientIsNoFailureOfTheStop(t *testing.T) {
	t.Parallel()
	cmd, said := start(t, "serve", "--config", configuration(t, ""))
	hold(t, address(t, said, "players"))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), "%s", said)
}

func TestErrorsOfTheProgramAreOneLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a; b; c", oneLine(errors.Join(errors.New("a"), errors.Join(errors.New("b"), errors.New("c")))))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	used := configuration(t, "")
	text, err := os.ReadFile(used)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(used, bytes.Replace(text, []byte("127.0.0.1:0"), []byte(ln.Addr().String()), 1), 0o600))
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"serve", "--config", "/nowhere/weir.yaml"}, exitFailure, "no such file"},
		{[]string{"serve", "--config", configuration(t, "edges: {}")}, exitFailure, "unknown key"},
		{[]string{"serve", "--config", used}, exitFailure, "address already in use"},
		{[]string{"serve", "--config", configuration(t, `bus: {url: "nats://bob:secret@127.0.0.1:1", nkey: /nowhere/weir.nk}`)}, exitFailure, "/nowhere/weir.nk"},
		{[]string{"ingest", "--config", configuration(t, "")}, exitFailure, "bus.url is not set: weir ingest"},
		{[]string{"edge", "--config", configuration(t, "")}, exitFailure, "bus.url is not set: weir edge"},
		{[]string{"edge"}, exitUsage, "missing flags: --config"},
		{[]string{"config", "check", configuration(t, "edges: {}")}, exitFailure, "unknown key"},
		{[]string{"serve", "--nonsense"}, exitUsage, "unknown flag"},
		{nil, exitUsage, "expected one of"},
	} {
		cmd, said := start(t, c.args...)
		var exit *exec.ExitError
		require.ErrorAs(t, cmd.Wait(), &exit, "%v", c.args)
		require.Equal(t, c.code, exit.ExitCode(), "%v: %s", c.args, said)
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		last := lines[len(lines)-1]
		require.True(t, strings.HasPrefix(last, "weir: "), "%v: %s", c.args, said)
		require.Contains(t, last, c.says)
		for _, line := range lines[:len(lines)-1] {
			require.Contains(t, line, `"starting"`)
		}
		require.NotContains(t, said.String(), "secret")
	}
}

func TestInTimeKeepsOtherErrors(t *testing.T) {
	t.Parallel()
	require.NoError(t, inTime(fmt.Errorf("end: %w", context.DeadlineExceeded), quiet))
	require.Error(t, inTime(errors.New("broken"), quiet))
}
