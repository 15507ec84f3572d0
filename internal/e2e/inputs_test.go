package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inputStatus is what the API says of a channel with several inputs.
type inputStatus struct {
	State string
	Feed  struct {
		Input, Pinned string
		Switches      int
		Inputs        []struct{ Input, State string }
	}
}

// A backup takes over whatever the primary dies of: it hangs, is killed, or is told to go. Each change is one discontinuity, a player plays on, and
// another channel does not notice.
func TestBackupInput(t *testing.T) { realtime(t, backupInput) }

func backupInput(t *attempt) {
	need(t, "node", "chromium", "ffmpeg")
	srv := start(t, settings{channels: "  red: {dvr: 10m, inputs: [{name: main}, {name: backup}], switch: {silence: 2s, back: 6s}}\n  other: {dvr: 10m}\n"})
	broadcast(t, pushPattern("320x180", srv.push("/live/other"))...)
	main := broadcast(t, pushPattern("640x360", srv.push("/live/red"))...)
	srv.waitMedia("red", "v1", 2, time.Minute)
	broadcast(t, pushPattern("320x180", srv.push("/live/red?input=backup"))...)
	status := func() (s inputStatus) {
		srv.api("GET", "/api/v1/channels/red", "", &s)
		return s
	}
	onAir := func(input string, atMost time.Duration) {
		t.Helper()
		eventually(t, atMost, input+" is on air", func() bool {
			s := status()
			return s.State == "on-air" && s.Feed.Input == input
		})
	}
	eventually(t, time.Minute, "the backup stands by", func() bool {
		s := status()
		return len(s.Feed.Inputs) == 2 && s.Feed.Inputs[0].State == "active" && s.Feed.Inputs[1].State == "standby"
	})
	srv.waitMedia("red", "v1", 5, time.Minute)
	w := watch(t, srv, "red", "hlsjs")
	w.waitPlaying(3, time.Minute)

	require.NoError(t, main.cmd.Process.Signal(syscall.SIGSTOP))
	onAir("backup", time.Minute)
	require.NoError(t, main.cmd.Process.Signal(syscall.SIGCONT))
	onAir("main", time.Minute)
	w.waitPlaying(8, time.Minute)

	main.stop()
	onAir("backup", time.Minute)
	broadcast(t, pushPattern("640x360", srv.push("/live/red?input=main"))...)
	onAir("main", time.Minute)
	w.waitPlaying(8, time.Minute)

	require.Equal(t, 202, srv.api("POST", "/api/v1/channels/red/input", `{"input":"backup"}`, nil))
	onAir("backup", time.Minute)
	require.Equal(t, "backup", status().Feed.Pinned)
	w.waitPlaying(8, time.Minute)
	require.Equal(t, 404, srv.api("POST", "/api/v1/channels/red/input", `{"input":"third"}`, nil))

	require.Equal(t, 5, status().Feed.Switches)
	var list mediaPlaylist
	eventually(t, time.Minute, "what came behind the last change is listed", func() bool {
		list, _ = srv.media("red", "v1")
		return list.discontinuities() >= 5
	})
	for i, s := range list.segments {
		require.False(t, s.gap, "segment %d", s.number)
		if i > 0 {
			require.True(t, s.time.After(list.segments[i-1].time), "segment %d", s.number)
			end := list.segments[i-1].time.Add(time.Duration(list.segments[i-1].duration * float64(time.Second)))
			require.Less(t, s.time.Sub(end), 4*time.Second, "hole before segment %d", s.number)
			require.Greater(t, s.time.Sub(end), -time.Second, "segment %d is shown while the one before it lasts", s.number)
		}
	}
	require.Equal(t, 5, list.discontinuities())
	requireUndisturbed(t, srv, "other")
}
