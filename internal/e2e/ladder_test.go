package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// laddered is what the API says of a channel with a ladder.
type laddered struct {
	State     string
	BitrateIn int64
	LastError string
	Feed      struct {
		ApartCuts int
		Ladders   []struct {
			State, LastError      string
			PID                   int
			Restarts, DroppedGOPs int
			LastWords             []string
			Rungs                 []struct{ Name, Error string }
		}
	}
}

func (s *server) ladder(channel string) (st laddered) {
	s.t.Helper()
	s.api("GET", "/api/v1/channels/"+channel, "", &st)
	return st
}

// keyTimes are when the key frames of a track are to be shown, in ticks, from the run's begin on.
func (s *server) keyTimes(channel, track string) map[uint64]bool {
	s.t.Helper()
	all, _ := s.timedSamples(channel, track)
	keys := map[uint64]bool{}
	for i := range all {
		if all[i].IsSync() {
			keys[uint64(int64(all[i].DecodeTime)+int64(all[i].CompositionTimeOffset))] = true
		}
	}
	return keys
}

// One push to a channel with a ladder of two rungs becomes three renditions, cut at equal times; ffmpeg that is killed is started again, and none
// is left when weir is gone.
func TestLadderOfOnePush(t *testing.T) {
	t.Parallel()
	realtime(t, ladderOfOnePush)
}

func ladderOfOnePush(t *attempt) {
	need(t, "ffmpeg", "xmllint")
	srv := start(t, settings{
		ingest:   "ladder: {children: 2, nice: 5, speed: ultrafast}",
		channels: "  live: {dvr: 5m, ladder: [{height: 144, bitrate: 200k}, {name: low, height: 90, bitrate: 100k, fps: 10}]}\n",
	})
	broadcast(t, pushPattern("320x180", srv.push("/live/live"))...)
	srv.waitMedia("live", "v3", 5, time.Minute)
	st := srv.ladder("live")
	require.Equal(t, "on-air", st.State)
	require.Len(t, st.Feed.Ladders, 1)
	l := st.Feed.Ladders[0]
	assert.Equal(t, "running", l.State)
	assert.Len(t, l.Rungs, 2)
	assert.Zero(t, l.Restarts)
	assert.Zero(t, st.Feed.ApartCuts)

	_, body := srv.get("/live/live/index.m3u8")
	for _, size := range []string{"320x180", "256x144", "160x90"} {
		assert.Contains(t, string(body), "RESOLUTION="+size)
	}
	requireEqualBorders(t, srv, "live")
	validateRuns(t, srv, 1)
	_, mpd := srv.get("/live/live/manifest.mpd")
	for _, period := range strings.Split(string(mpd), "<Period ")[1:] {
		set, _, _ := strings.Cut(period, "</AdaptationSet>") // of pictures: it is the first
		assert.Len(t, regexp.MustCompile(`<Representation id="v\d"`).FindAllString(set, -1), 3)
		timelines := regexp.MustCompile(`(?s)<SegmentTimeline>(.*?)</SegmentTimeline>`).FindAllStringSubmatch(set, -1)
		require.NotEmpty(t, timelines)
		for _, other := range timelines {
			assert.Equal(t, strings.Fields(timelines[0][1])[:2], strings.Fields(other[1])[:2], "renditions of a period begin at different times")
		}
	}
	source := srv.keyTimes("live", "v1")
	for _, track := range []string{"v2", "v3"} {
		same := 0
		for at := range srv.keyTimes("live", track) {
			if source[at] {
				same++
			}
		}
		assert.GreaterOrEqual(t, same, 5, "key frames of %s at the instants of those of the feed", track)
	}

	require.NoError(t, syscall.Kill(l.PID, syscall.SIGKILL))
	eventually(t, time.Minute, "another ffmpeg", func() bool {
		st = srv.ladder("live")
		return len(st.Feed.Ladders) == 1 && st.Feed.Ladders[0].State == "running" && st.Feed.Ladders[0].Restarts == 1
	})
	srv.waitLog(time.Minute, "ffmpeg, which makes the ladder, has ended", "signal: killed")
	eventually(t, time.Minute, "the rungs are back", func() bool {
		_, body := srv.get("/live/live/v3/index.m3u8")
		runs := strings.Split(string(body), "#EXT-X-DISCONTINUITY\n")
		return len(runs) > 1 && strings.Count(runs[len(runs)-1], "#EXTINF") > 1 && !strings.Contains(runs[len(runs)-1], "#EXT-X-GAP")
	})
	requireEqualBorders(t, srv, "live")
	list, ok := srv.media("live", "v1")
	require.True(t, ok)
	for _, s := range list.segments {
		require.False(t, s.gap, "segment %d of the feed's own pictures", s.number)
	}

	pid := st.Feed.Ladders[0].PID
	srv.kill()
	eventually(t, time.Minute, fmt.Sprintf("process %d is gone", pid), func() bool {
		return syscall.Kill(pid, 0) != nil
	})
}

// Without ffmpeg it is said at the start, and the feed is on air without its rungs.
func TestLadderWithoutFFmpeg(t *testing.T) {
	t.Parallel()
	realtime(t, ladderWithoutFFmpeg)
}

func ladderWithoutFFmpeg(t *attempt) {
	need(t, "ffmpeg")
	srv := start(t, settings{
		ingest:   "ladder: {ffmpeg: /nowhere/ffmpeg}",
		channels: "  live: {dvr: 5m, ladder: 480p}\n",
	})
	srv.waitLog(time.Minute, "the ladders of channels cannot be made", "live", "ffmpeg is not there")
	broadcast(t, pushPattern("320x180", srv.push("/live/live"))...)
	srv.waitMedia("live", "v1", 2, time.Minute)
	st := srv.ladder("live")
	require.Len(t, st.Feed.Ladders, 1)
	assert.Equal(t, "blocked", st.Feed.Ladders[0].State)
}
