package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// camera is a browser that publishes a made-up picture and sound over WHIP.
type camera struct {
	t       testing.TB
	stdin   io.WriteCloser
	answers *bufio.Scanner
	stderr  *syncBuffer
	cmd     *exec.Cmd
}

// sentBy is what a camera says that it has sent.
type sentBy struct {
	Event, Problem, Connection string
	Video, Audio               struct{ Packets, Bytes, Frames, KeyFrames, Asked int }
}

// film starts a camera that publishes to a channel until the test ends, and returns when it is connected.
func film(t testing.TB, srv *server, channel, key string) *camera {
	t.Helper()
	need(t, "node", "chromium")
	c := &camera{t: t, stderr: &syncBuffer{}}
	c.cmd = exec.Command("node", "e2e/publish.mjs", "http://"+srv.ingest+"/whip/"+channel, key)
	c.cmd.Dir = filepath.Join("..", "..", "web")
	c.cmd.Stderr = c.stderr
	var err error
	c.stdin, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	c.answers = bufio.NewScanner(stdout)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(c.stop)
	require.Equal(t, "connected", c.answer().Event)
	return c
}

// stop ends the publisher's session, and its browser.
func (c *camera) stop() {
	_ = c.stdin.Close()
	kill := time.AfterFunc(15*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	_ = c.cmd.Wait()
	if c.t.Failed() {
		c.t.Logf("publisher: %s", c.stderr)
	}
}

func (c *camera) state() sentBy {
	c.t.Helper()
	_, err := io.WriteString(c.stdin, "state\n")
	require.NoError(c.t, err)
	return c.answer()
}

func (c *camera) answer() (s sentBy) {
	c.t.Helper()
	require.True(c.t, c.answers.Scan(), "the publisher says nothing: %s", c.stderr)
	require.NoError(c.t, json.Unmarshal(c.answers.Bytes(), &s), c.answers.Text())
	require.NotEqual(c.t, "failed", s.Event, s.Problem)
	return s
}

// What a browser sends by WebRTC, a browser plays: pictures and sound, in segments that each begin with a key frame that was asked for.
func TestBrowserPublishesByWHIP(t *testing.T) { realtime(t, browserPublishesByWHIP) }

func browserPublishesByWHIP(t *attempt) {
	srv := start(t, settings{channels: "  live: {dvr: 60s, key: s3cret}\n"})

	status, _ := fetch(t, http.MethodPost, "http://"+srv.ingest+"/whip/live", "")
	require.Equal(t, http.StatusUnsupportedMediaType, status)

	cam := film(t, srv, "live", "s3cret")
	list := srv.waitMedia("live", "v1", 5, 2*time.Minute)
	for i, s := range list.segments[1:] {
		require.False(t, s.discontinuity, "segment %d", i+1)
		require.InDelta(t, 2, s.duration, 0.6, "segment %d", i+1)
	}
	sent := cam.state()
	require.Equal(t, "connected", sent.Connection)
	// The start takes two; each segment one more.
	require.LessOrEqual(t, sent.Video.KeyFrames, len(srv.waitMedia("live", "v1", 5, time.Minute).segments)+5)

	w := watch(t, srv, "live", "hlsjs")
	w.waitPlaying(5, time.Minute)
	later := cam.state()
	require.Greater(t, later.Video.Frames, sent.Video.Frames)

	// DELETE frees the channel at once.
	cam.stop()
	srv.waitLog(10*time.Second, `"msg":"feed ended"`, `"channel":"live"`, `"reason":"publisher stopped"`)
	require.False(t, strings.Contains(srv.log.tail(2000), "samples of the feed are dropped"), srv.log.tail(50))
}
