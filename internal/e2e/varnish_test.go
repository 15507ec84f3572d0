package e2e

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startVarnish runs a Varnish that keeps what comes from an address in memory, until the benchmark ends. It gives back where it listens and the
// PID of the process that serves; false: it is not installed.
func startVarnish(b *testing.B, from string) (address string, pid int, ok bool) {
	b.Helper()
	if _, err := exec.LookPath("varnishd"); err != nil {
		b.Log("varnishd is not installed: no figure for Varnish")
		return "", 0, false
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	address = free.Addr().String()
	require.NoError(b, free.Close())
	cmd := exec.Command("varnishd", "-F", "-a", address, "-b", from, "-n", b.TempDir(), "-s", "malloc,1G", "-t", "3600")
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	eventually(b, 30*time.Second, "Varnish listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return address, children(b, cmd.Process.Pid)[0], true
}
