package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clockOff is a build of the program in which every clock that its parts are given is off by so much.
func clockOff(t testing.TB, by time.Duration) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("../../cmd/weir/*.go")
	require.NoError(t, err)
	replaced := map[string]string{}
	put := func(name, text string) {
		path, err := filepath.Abs(filepath.Join("../../cmd/weir", name))
		require.NoError(t, err)
		replaced[path] = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(replaced[path], []byte(text), 0o600))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(text), "time.Now") && !strings.HasSuffix(file, "_test.go") {
			put(filepath.Base(file), strings.ReplaceAll(string(text), "time.Now", "clockThatIsOff")+"\nvar _ = time.Now\n")
		}
	}
	require.NotEmpty(t, replaced)
	put("clock_that_is_off.go", fmt.Sprintf("package main\n\nimport \"time\"\n\nfunc clockThatIsOff() time.Time { return time.Now().Add(%d) }\n", by))
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	require.NoError(t, err)
	list, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "weir")
	require.NoError(t, os.WriteFile(list, overlay, 0o600))
	out, err := exec.Command("go", "build", "-race", "-overlay", list, "-o", binary, "weir/cmd/weir").CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

// The clock of one of two ingests is ten seconds ahead. A feed that goes over to it, and back, is shown whole: each change is a discontinuity,
// and no segment's time of day is before that
// of the one before it: what was ahead is made good by and by.
func TestIngestWithClockThatIsOff(t *testing.T) {
	t.Parallel()
	realtime(t, ingestWithClockThatIsOff)
}

func ingestWithClockThatIsOff(t *attempt) {
	need(t, "ffmpeg")
	c := startCluster(t, clusterSettings{
		nodes: 1, ingests: 2, edges: 1, channels: "  live: {dvr: 10m, segment: 1s}\n",
		binaries: map[string]string{"ingest1": clockOff(t, 10*time.Second)},
	})
	e := startEncoder(t)
	e.send("live", c.ingests...)
	v := tuneIn(t, "live", c.edges[0])
	viewers := map[string]*viewer{"edge0": v}
	c.waitLive(viewers)
	for _, leaves := range c.ingests {
		leaves.stop()
		c.waitLive(viewers)
		leaves.start()
		leaves.waitReady(time.Minute)
	}
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 3)
	for _, track := range []string{"v1", "a1"} {
		var before, end time.Time
		for i, s := range v.segments(t, track) {
			at := s.time
			if at.IsZero() {
				at = end
			}
			if s.discontinuity {
				t.Logf("%s: segment %d begins %s after the end of the one before it", track, s.number, at.Sub(end).Round(time.Millisecond))
			}
			require.True(t, i == 0 || at.After(before), "segment %d of %s begins %s before the one before it", s.number, track, before.Sub(at))
			before, end = at, at.Add(time.Duration(s.duration*float64(time.Second)))
		}
	}
}
