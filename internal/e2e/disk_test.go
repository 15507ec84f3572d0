package e2e

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smallDisk is a directory on a file system of its own that has room for so many bytes. Only root can make one.
func smallDisk(t testing.TB, bytes string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+bytes); errors.Is(err, syscall.EPERM) {
		t.Skip("only root can mount a small disk")
	} else {
		require.NoError(t, err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// fill leaves no room on the disk of a directory until the file is removed that it gives back.
func fill(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	for block := make([]byte, 64<<10); len(block) > 0; {
		if _, err = f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	return path
}

// The disk of the node that leads is full: it says so and leaves the work to the others. Once there is room and it has been started again, it has
// what it missed.
func TestClusterSurvivesFullDisk(t *testing.T) {
	t.Parallel()
	realtime(t, clusterSurvivesFullDisk)
}

func clusterSurvivesFullDisk(t *attempt) {
	need(t, "ffmpeg")
	disks := map[string]string{"bus0": smallDisk(t, "48m"), "bus1": smallDisk(t, "48m"), "bus2": smallDisk(t, "48m")}
	c := startCluster(t, clusterSettings{nodes: 3, ingests: 1, edges: 1, dirs: disks, store: "32MiB", channels: "  live: {dvr: 10m, segment: 1s}\n"})
	e := startEncoder(t)
	e.send("live", c.ingests[0])
	viewers := map[string]*viewer{"edge0": tuneIn(t, "live", c.edges[0])}
	c.waitLive(viewers)
	c.waitWhole(chaosStream)

	full := c.leader(chaosStream)
	from := time.Now()
	filler := fill(t, disks[full.name])
	said := ""
	eventually(t, time.Minute, full.name+" says that it is not ready", func() bool {
		status, body := full.readiness()
		said = body
		return status == http.StatusServiceUnavailable
	})
	t.Logf("%s, whose disk is full, says after %s: %s", full.name, time.Since(from).Round(100*time.Millisecond), strings.TrimSpace(said))
	c.waitLive(viewers)
	t.Logf("the live edge stood still for up to %s", viewers["edge0"].stood(from).Round(10*time.Millisecond))

	require.NoError(t, os.Remove(filler))
	full.stop()
	full.start()
	c.waitWhole(chaosStream, "KV_weir-live", "KV_weir-leases")
	c.waitLive(viewers)
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
}
