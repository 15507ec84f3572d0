package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// duplicatedMOOV is what ffmpeg's HLS reader says when it reads an init segment again with each reload of a live playlist,
// whoever wrote it. It is no fault of what is played.
var duplicatedMOOV = regexp.MustCompile(`(?m)^.*Found duplicated MOOV Atom. Skipped it\n?`)

// ffmpegPlays has ffmpeg pull 10 s and looks at the times of what it got.
func ffmpegPlays(t testing.TB, url string) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
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

// requireRising checks that times, in seconds, rise from one to the next, and never by more than a quarter of a second.
func requireRising(t testing.TB, what string, times []float64) {
	t.Helper()
	for i := 1; i < len(times); i++ {
		step := times[i] - times[i-1]
		require.True(t, step > 0 && step < 0.25, fmt.Sprintf("%s: %f s from %f to %f", what, step, times[i-1], times[i]))
	}
}
