package e2e

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// Every sample that was pushed comes out once, bit-exact, in order, at its time, and audio and video keep their distance.
func TestEverySampleComesOut(t *testing.T) {
	t.Parallel()
	realtime(t, everySampleComesOut)
}

func everySampleComesOut(t *attempt) {
	need(t, "ffprobe")
	srv := start(t, settings{channels: "  live: {dvr: 5m}\n"})
	for _, name := range []string{"flv/avatar.flv", "flv/bbb.flv"} {
		t.Run(name, func(t *attempt) {
			file := testmedia.File(t, name)
			before, _ := srv.media("live", "v1")
			feed := broadcast(t, "-re", "-i", file, "-c", "copy", "-f", "flv", srv.push("/live/live"))
			select {
			case <-feed.ended:
			case <-time.After(2 * time.Minute):
				t.Fatal("the feed did not end")
			}
			offsets := map[string]float64{}
			for kind, track := range map[string]string{"video": "v1", "audio": "a1"} {
				want := packets(t, file, kind)
				var list mediaPlaylist
				var got []packet
				eventually(t, time.Minute, "the whole feed is listed", func() bool {
					var ok bool
					list, ok = srv.media("live", track)
					if ok && len(before.segments) > 0 {
						list.segments = list.segments[before.last()-list.sequence+1:]
					}
					if ok = ok && len(list.segments) > 0 && list.seconds() > want[len(want)-1].dts-want[0].dts-0.1; ok {
						got = packets(t, srv.download(list.segments), kind)
					}
					return ok && len(got) >= len(want)
				})
				for i, s := range list.segments {
					require.Equal(t, i == 0 && len(before.segments) > 0, s.discontinuity, "segment %d", i)
				}
				offsets[kind] = requireSamePackets(t, want, got)
			}
			require.InDelta(t, offsets["video"], offsets["audio"], 0.003, "audio against video")
		})
	}
}

// What was in the window of a killed server is served again with the same numbers and bytes, and a feed goes on behind it.
func TestKilledServerComesBackWithItsWindow(t *testing.T) {
	t.Parallel()
	realtime(t, killedServerComesBackWithItsWindow)
}

func killedServerComesBackWithItsWindow(t *attempt) {
	need(t, "ffmpeg")
	s := settings{data: t.TempDir(), channels: "  live: {dvr: 5m}\n"}
	first := start(t, s)
	feed := broadcast(t, pushPattern("320x180", first.push("/live/live"))...)
	first.waitMedia("live", "v1", 4, time.Minute)
	before := map[string]mediaPlaylist{}
	bytes := map[string][]byte{}
	for _, track := range []string{"v1", "a1"} {
		before[track], _ = first.media("live", track)
		for _, segment := range before[track].segments {
			for _, uri := range []string{segment.uri, segment.init} {
				status, body := first.get(uri)
				require.Equal(t, 200, status)
				bytes[uri] = body
			}
		}
	}
	first.kill()
	feed.stop()

	second := start(t, s)
	for track, old := range before {
		list := second.waitMedia("live", track, len(old.segments), time.Minute)
		require.Equal(t, old.sequence, list.sequence)
		for i, segment := range old.segments {
			require.Equal(t, segment, list.segments[i], "segment %d of %s", segment.number, track)
		}
	}
	for uri, body := range bytes {
		status, again := second.get(uri)
		require.Equal(t, 200, status, uri)
		require.Equal(t, body, again, uri)
	}

	broadcast(t, pushPattern("320x180", second.push("/live/live"))...)
	for track, old := range before {
		list := second.waitMedia("live", track, len(old.segments)+4, time.Minute)
		require.Equal(t, old.sequence, list.sequence)
		discontinuities := 0
		for _, segment := range list.segments {
			require.Equal(t, "/live/live/"+track+"/"+strconv.FormatUint(segment.number, 10)+".m4s", segment.uri)
			if segment.discontinuity {
				discontinuities++
				require.Greater(t, segment.number, old.last())
			}
		}
		require.Equal(t, 1, discontinuities)
	}
}
