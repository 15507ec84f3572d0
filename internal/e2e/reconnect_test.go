package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// A feed is cut off and comes back, then again with another resolution, while people watch: numbers go on, each return is a
// discontinuity and a Period, the MPD is valid throughout, and the players play on.
func TestFeedComesBackWhilePeopleWatch(t *testing.T) { realtime(t, feedComesBackWhilePeopleWatch) }

func feedComesBackWhilePeopleWatch(t *attempt) {
	need(t, "node", "chromium", "ffmpeg", "xmllint")
	srv := start(t, settings{channels: "  live: {dvr: 5m}\n"})
	feed := broadcast(t, pushPattern("640x360", srv.push("/live/live"))...)
	srv.waitMedia("live", "v1", 6, time.Minute)
	validateMPD(t, srv, 1)
	watchers := map[string]*watcher{"hlsjs": watch(t, srv, "live", "hlsjs"), "dashjs": watch(t, srv, "live", "dashjs")}
	for _, w := range watchers {
		w.waitPlaying(4, time.Minute)
	}
	for i, size := range []string{"640x360", "320x180"} {
		before, _ := srv.media("live", "v1")
		feed.stop()
		eventually(t, time.Minute, "the channel is off air", func() bool {
			var status struct{ State string }
			srv.api("GET", "/api/v1/channels/live", "", &status)
			return status.State == "off-air"
		})
		feed = broadcast(t, pushPattern(size, srv.push("/live/live"))...)
		list := srv.waitMedia("live", "v1", len(before.segments)+5, time.Minute)
		require.Equal(t, before.sequence, list.sequence)
		discontinuities := 0
		for _, segment := range list.segments {
			if segment.discontinuity {
				discontinuities++
			}
		}
		require.Equal(t, i+1, discontinuities)
		validateMPD(t, srv, i+2)
		for player, w := range watchers {
			t.Logf("%s plays on behind the %s feed", player, size)
			w.waitPlaying(8, time.Minute)
		}
	}
}

// validateMPD checks the live channel's MPD against the schema, and that it has so many Periods.
func validateMPD(t testing.TB, srv *server, periods int) {
	t.Helper()
	status, mpd := srv.get("/live/live/manifest.mpd")
	require.Equal(t, 200, status)
	require.Len(t, regexp.MustCompile(`<Period[ >]`).FindAll(mpd, -1), periods)
	file := filepath.Join(t.TempDir(), "manifest.mpd")
	require.NoError(t, os.WriteFile(file, mpd, 0o600))
	media, ok := testmedia.Path("README.md")
	if !ok {
		t.Log("the DASH schema is not there: the MPD is not validated")
		return
	}
	schema := filepath.Join(filepath.Dir(filepath.Dir(media)), "schema", "DASH-MPD.xsd")
	out, err := exec.Command("xmllint", "--noout", "--nonet", "--schema", schema, file).CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, mpd)
}
