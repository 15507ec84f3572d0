package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// duplicatedMOOV is what ffmpeg's HLS reader says when it reads an init segment again with each reload of a live playlist,
// whoever wrote it. It is no fault of what is played.
var duplicatedMOOV = regexp.MustCompile(`(?m)^.*Found duplicated MOOV Atom. Skipped it\n?`)

// ffmpegPlays has ffmpeg pull 10 s and looks at the times of what it got.
func ffmpegPlays(t *testing.T, url string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "warning", "-nostdin", "-i", url, "-map", "0:v:0", "-map", "0:a:0",
		"-t", "10", "-c", "copy", "-f", "framecrc", "-")
	said := &syncBuffer{}
	cmd.Stderr = said
	out, err := cmd.Output()
	require.NoError(t, err, said)
	require.Empty(t, duplicatedMOOV.ReplaceAllString(said.String(), ""))

	timescales := map[string]float64{}
	times := map[string][]float64{}
	for line := range strings.Lines(string(out)) {
		if tb, ok := strings.CutPrefix(line, "#tb "); ok { // "#tb 0: 1/90000"
			track, scale, _ := strings.Cut(strings.TrimSpace(tb), ": 1/")
			timescales[track] = number(t, scale)
		} else if !strings.HasPrefix(line, "#") { // track, dts, pts, duration, size, checksum
			fields := strings.Split(line, ",")
			times[fields[0]] = append(times[fields[0]], number(t, strings.TrimSpace(fields[1]))/timescales[fields[0]])
		}
	}
	require.Len(t, times, 2)
	for track, dts := range times {
		requireRising(t, "track "+track, dts)
		require.InDelta(t, 10, dts[len(dts)-1]-dts[0], 0.5, "track %s", track)
	}
}

// gstBuffer is a decoded buffer as GStreamer's fakesink tells of it.
var gstBuffer = regexp.MustCompile(`\((video|audio):sink\).* pts: (\d+):(\d\d):([\d.]+),`)

// gstreamerPlays has GStreamer play and decode until it has 10 s of picture and sound.
func gstreamerPlays(t *testing.T, url string) {
	cmd := exec.Command("gst-launch-1.0", strings.Fields("-v uridecodebin3 uri="+url+" name=d "+
		"d. ! video/x-raw ! fakesink name=video silent=false sync=false d. ! audio/x-raw ! fakesink name=audio silent=false sync=false")...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	said := &syncBuffer{}
	cmd.Stderr = said
	require.NoError(t, cmd.Start())
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()

	times := map[string][]float64{}
	enough := func() bool {
		for _, kind := range []string{"video", "audio"} {
			if pts := times[kind]; len(pts) == 0 || pts[len(pts)-1]-pts[0] < 10 {
				return false
			}
		}
		return true
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !enough() {
		if found := gstBuffer.FindStringSubmatch(lines.Text()); found != nil {
			pts := 3600*number(t, found[2]) + 60*number(t, found[3]) + number(t, found[4])
			times[found[1]] = append(times[found[1]], pts)
		}
	}
	_ = cmd.Process.Signal(syscall.SIGKILL)
	for lines.Scan() { // so that the process can end
		continue
	}
	_ = cmd.Wait()
	require.True(t, enough(), "%d buffers of video, %d of audio\n%s", len(times["video"]), len(times["audio"]), said)
	require.NotRegexp(t, "(?i)warning|error", said.String())
	for kind, pts := range times {
		requireRising(t, kind, pts)
	}
}

// requireRising checks that times, in seconds, rise from one to the next, and never by more than a quarter of a second.
func requireRising(t *testing.T, what string, times []float64) {
	t.Helper()
	for i := 1; i < len(times); i++ {
		step := times[i] - times[i-1]
		require.True(t, step > 0 && step < 0.25, fmt.Sprintf("%s: %f s from %f to %f", what, step, times[i-1], times[i]))
	}
}
