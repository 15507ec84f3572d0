package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// onAir is a server with two channels that have been on air long enough to seek in: the demo, and a push with B-frames.
// Nothing leaves their windows while a test runs.
func onAir(t testing.TB) *server {
	srv := start(t, settings{channels: "  demo: {dvr: 30m, source: \"file:testdata/demo.mp4\"}\n  live: {dvr: 30m}\n"})
	feed := pushPattern("768x320", srv.push("/live/live"))
	if avatar, ok := testmedia.Path("flv/avatar.flv"); ok { // irregular GOPs and B-frames
		feed = pushFile(avatar, srv.push("/live/live"))
	}
	broadcast(t, feed...)
	eventually(t, 2*time.Minute, "24 s to seek in", func() bool {
		demo, _ := srv.media("demo", "v1")
		live, _ := srv.media("live", "v1")
		return demo.seconds() > 24 && live.seconds() > 24
	})
	return srv
}

// Each player in a browser plays 10 s of picture and sound, seeks back into the window and returns to the live edge. It takes a channel with
// chunks as a low-latency one: at its best it is not further behind than half of what it keeps without parts, which is three target durations, 6 s.
// How near players come and stay is what BenchmarkLatency measures.
func TestBrowsersPlay(t *testing.T) { realtime(t, browsersPlay) }

func browsersPlay(t *attempt) {
	need(t, "node", "chromium", "ffmpeg")
	srv := onAir(t)
	parts := map[string]func(*attempt){}
	for _, channel := range []string{"demo", "live"} {
		for _, player := range browserPlayers {
			parts[channel+"/"+player] = func(t *attempt) {
				options := append([]string{"--seconds", "10", "--seek"}, artifact(t, channel+"-"+player+".png")...)
				if channel == "demo" || player == "hlsjs" { // the GOPs of live do not fit its segments: there is no low latency in DASH
					options = append(options, "--reach-latency", "3")
				}
				p := play(t, srv, channel, player, options...)
				require.True(t, p.OK, p.Problems)
			}
		}
	}
	parts["ordinary"] = func(t *attempt) { // beside it, from the same channel
		p := play(t, srv, "demo", "shaka-dash", "--ordinary", "--seconds", "5")
		require.True(t, p.OK, p.Problems)
		require.Greater(t, p.LowestLatency, 3.)
	}
	t.RunAll(parts)
}

// ffmpeg and GStreamer play 10 s of each format without a complaint, and the times that they see rise without a jump. For what
// GStreamer gets as DASH, see countingFromZero.
func TestFFmpegAndGStreamerPlay(t *testing.T) {
	t.Parallel()
	realtime(t, fFmpegAndGStreamerPlay)
}

func fFmpegAndGStreamerPlay(t *attempt) {
	need(t, "ffmpeg", "gst-launch-1.0")
	srv := onAir(t)
	forGStreamer := map[string]string{"index.m3u8": srv.url(""), "manifest.mpd": countingFromZero(t, srv)}
	parts := map[string]func(*attempt){}
	for _, channel := range []string{"demo", "live"} {
		for _, manifest := range []string{"index.m3u8", "manifest.mpd"} {
			path := manifests(channel) + "/" + manifest
			parts["ffmpeg/"+channel+"/"+manifest] = func(t *attempt) { ffmpegPlays(t, srv.url(path)) }
			parts["gstreamer/"+channel+"/"+manifest] = func(t *attempt) { gstreamerPlays(t, forGStreamer[manifest]+path) }
		}
	}
	t.RunFeeds(parts)
}
