package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// onAir is a server with two channels that have been on air long enough to seek in: the demo, and a push with B-frames.
func onAir(t *testing.T) *server {
	srv := start(t, settings{channels: "  demo: {dvr: 5m, source: \"file:testdata/demo.mp4\"}\n  live: {dvr: 5m}\n"})
	broadcast(t, pushFile(sharedMedia(t, "flv/avatar.flv"), srv.push("/live/live"))...)
	eventually(t, 2*time.Minute, "24 s to seek in", func() bool {
		demo, _ := srv.media("demo", "v1")
		live, _ := srv.media("live", "v1")
		return demo.seconds() > 24 && live.seconds() > 24
	})
	return srv
}

// Each player in a browser plays 10 s of picture and sound, seeks back into the window and returns to the live edge.
func TestBrowsersPlay(t *testing.T) {
	need(t, "node", "chromium", "ffmpeg")
	srv := onAir(t)
	for _, channel := range []string{"demo", "live"} {
		for _, player := range browserPlayers {
			t.Run(channel+"/"+player, func(t *testing.T) {
				cmd := harness(srv, channel, player,
					append([]string{"--seconds", "10", "--seek"}, artifact(t, channel+"-"+player+".png")...)...)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
				defer stop()
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, string(out))
				t.Logf("%s", out)
			})
		}
	}
}

// ffmpeg and GStreamer play 10 s of each format without a complaint about timestamps.
func TestFFmpegAndGStreamerPlay(t *testing.T) {
	need(t, "ffmpeg", "gst-launch-1.0")
	srv := onAir(t)
	for _, channel := range []string{"demo", "live"} {
		for _, manifest := range []string{"index.m3u8", "manifest.mpd"} {
			url := srv.url("/live/" + channel + "/" + manifest)
			t.Run("ffmpeg/"+channel+"/"+manifest, func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "out.nut")
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "warning", "-nostdin", "-i", url, "-map", "0:v:0", "-map", "0:a:0",
					"-t", "10", "-c", "copy", "-copyts", file).CombinedOutput()
				require.NoError(t, err, string(out))
				require.NotRegexp(t, `(?i)timestamp|dts|pts|non-?monoton|invalid|error`, string(out))
				video, audio := packets(t, file, "video"), packets(t, file, "audio")
				require.InDelta(t, 10, video[len(video)-1].dts-video[0].dts, 0.5)
				require.InDelta(t, 10, audio[len(audio)-1].dts-audio[0].dts, 0.5)
			})
			t.Run("gstreamer/"+channel+"/"+manifest, func(t *testing.T) {
				t.Parallel()
				// Buffers of both tracks, decoded, are counted as they reach the sinks until 10 s have been played.
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				out, err := exec.CommandContext(ctx, "gst-launch-1.0", strings.Fields(fmt.Sprintf("-v uridecodebin3 uri=%s name=d "+
					"d. ! video/x-raw ! identity eos-after=200 name=video ! fakesink silent=false sync=false "+
					"d. ! audio/x-raw ! identity eos-after=400 name=audio ! fakesink sync=false", url))...).CombinedOutput()
				require.NoError(t, err, string(out))
				require.Contains(t, string(out), "Got EOS")
				require.NotRegexp(t, `(?i)warning.*timestamp|ERROR`, string(out))
			})
		}
	}
}
