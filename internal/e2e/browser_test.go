package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browserPlayers are the ways in which the player page plays.
var browserPlayers = []string{"hlsjs", "dashjs", "shaka-hls", "shaka-dash"}

// watcher is a browser that has the player page open and answers commands.
type watcher struct {
	t       testing.TB
	stdin   io.WriteCloser
	answers *bufio.Scanner
	stderr  *syncBuffer
}

// view is what a watcher says of its player.
type view struct {
	OK       bool
	Problems []string
	State    struct {
		CurrentTime float64
		Frames      int
		AudioBytes  int
		Latency     float64
		Stalls      int
		Height      int
		Cues        []string // of the text that is shown now
		Errors      []struct {
			Fatal bool
			Text  string
		}
	}
}

// harness is the arguments of the program that drives the browser.
func harness(srv *server, channel, player string, more ...string) *exec.Cmd {
	args := []string{"e2e/play.mjs", "--url", "http://" + srv.players, "--channel", channel, "--player", player}
	cmd := exec.Command("node", append(args, more...)...)
	cmd.Dir = filepath.Join("..", "..", "web")
	return cmd
}

// watch opens the player page in a browser until the test ends.
func watch(t testing.TB, srv *server, channel, player string, more ...string) *watcher {
	t.Helper()
	need(t, "node", "chromium")
	cmd := harness(srv, channel, player, append(more, "--watch")...)
	w := &watcher{t: t, stderr: &syncBuffer{}}
	cmd.Stderr = w.stderr
	var err error
	w.stdin, err = cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	w.answers = bufio.NewScanner(stdout)
	w.answers.Buffer(nil, 1<<20)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = w.stdin.Close()
		kill := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("browser with %s: %s", player, w.stderr)
		}
	})
	w.answer("opening the page")
	return w
}

// ask sends a command and returns the answer.
func (w *watcher) ask(command string) (v view) {
	w.t.Helper()
	_, err := io.WriteString(w.stdin, command+"\n")
	require.NoError(w.t, err, w.stderr)
	return w.answer(command)
}

func (w *watcher) answer(to string) (v view) {
	w.t.Helper()
	require.True(w.t, w.answers.Scan(), "no answer to %q: %s", to, w.stderr)
	require.NoError(w.t, json.Unmarshal(w.answers.Bytes(), &v), w.answers.Text())
	require.True(w.t, v.OK, "%q: %s", to, w.answers.Text())
	return v
}

// waitPlaying waits until frames and, where there is any, audio have risen since the last view by some seconds' worth.
func (w *watcher) waitPlaying(seconds float64, atMost time.Duration) {
	w.t.Helper()
	from := w.ask("state").State
	eventually(w.t, atMost, "the player goes on playing", func() bool {
		now := w.ask("state").State
		for _, e := range now.Errors {
			require.False(w.t, e.Fatal, e.Text)
		}
		return now.CurrentTime >= from.CurrentTime+seconds && now.Frames > from.Frames+int(10*seconds) && now.AudioBytes > from.AudioBytes
	})
}

// artifact is the arguments that keep a screenshot, where screenshots are kept: in the folder that WEIR_ARTIFACTS names.
func artifact(t testing.TB, name string) []string {
	t.Helper()
	dir := os.Getenv("WEIR_ARTIFACTS")
	if dir == "" {
		return nil
	}
	require.NoError(t, os.MkdirAll(dir, 0o755))
	path, err := filepath.Abs(filepath.Join(dir, name))
	require.NoError(t, err)
	return []string{"--screenshot", path}
}
