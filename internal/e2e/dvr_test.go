package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A changed DVR duration applies within a segment: manifests and memory follow, down and up, and nothing else moves.
func TestDVRChangesWhileOnAir(t *testing.T) {
	t.Parallel()
	realtime(t, dVRChangesWhileOnAir)
}

func dVRChangesWhileOnAir(t *attempt) {
	need(t, "ffmpeg")
	srv := start(t, settings{channels: "  live: {dvr: 60s, segment: 1s}\n"})
	broadcast(t, pushPattern("320x180", srv.push("/live/live"))...)
	type status struct {
		WindowSeconds float64
		WindowBytes   int64
		LastError     string
	}
	var full, shrunk, grown status
	long := srv.waitMedia("live", "v1", 40, 2*time.Minute)
	require.Equal(t, 200, srv.api("GET", "/api/v1/channels/live", "", &full))

	require.Equal(t, 200, srv.api("PUT", "/api/v1/channels/live", `{"dvr":"20s"}`, nil))
	list := mediaPlaylist{}
	eventually(t, time.Minute, "the playlist is shortened", func() bool {
		list, _ = srv.media("live", "v1")
		return list.seconds() < 22.1
	})
	require.GreaterOrEqual(t, list.seconds(), 20.0)
	require.Equal(t, 200, srv.api("GET", "/api/v1/channels/live", "", &shrunk))
	require.Less(t, shrunk.WindowBytes, full.WindowBytes*2/3)
	require.Less(t, shrunk.WindowSeconds, 22.1)
	code, _ := srv.get(long.segments[0].uri)
	require.Equal(t, 404, code, "what left the window is gone")

	require.Equal(t, 200, srv.api("PUT", "/api/v1/channels/live", `{"dvr":"120s"}`, nil))
	eventually(t, time.Minute, "the playlist grows", func() bool { // segments leave until then
		list, _ = srv.media("live", "v1")
		return list.seconds() > 22.1
	})
	again := srv.waitMedia("live", "v1", len(list.segments)+10, time.Minute)
	require.Equal(t, list.sequence, again.sequence, "nothing leaves while the window grows")
	for i, segment := range again.segments {
		require.Equal(t, fmt.Sprintf("/live/live/v1/%d.m4s", again.sequence+uint64(i)), segment.uri)
		require.False(t, segment.discontinuity || segment.gap)
	}
	require.Equal(t, 200, srv.api("GET", "/api/v1/channels/live", "", &grown))
	require.Empty(t, grown.LastError)
}
