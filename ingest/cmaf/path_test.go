package cmaf

import (
	"strings"
	"testing"
)

// A segment's path leads to the track whose header came under another one.
func TestPathsOfHeadersAndSegments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ header, segment string }{
		{"live/Streams(video.cmfv)", "live/Streams(video.cmfv)"},
		{"live//Streams(video-1280x720-700k.cmfv)", "live/Streams(video-1280x720-700k.cmfv)"},
		{"live/Switching(1)/Streams(video.cmfv)", "live/Switching(1)/Streams(video.cmfv)"},
		{"live/video/init.cmfv", "live/video/896605655.cmfv"},
		{"live/1080/init.mp4", "live/1080/1.m4s"},
		{"live/video.cmfv", "live/video.cmfv"},
		{"live/video.cmfv/init", "live/video.cmfv/7"},
		{"live/V300/init.mp4", "live/V300/t=160000.m4s"},
		{"live/a/video/header.init", "live/a/video/segment-12.m4s"},
		{"live/init-stream0.m4s", "live/chunk-stream0-00001.m4s"},
		{"live/init-0.mp4", "live/chunk-0-00001.m4s"},
		{"live/init_v_hd.mp4", "live/v_hd_12.m4s"},
		{"live/init.mp4", "live/out12.m4s"},
		{"live/video/init.mp4", "live/video/video-12.m4s"},
		{"live/0/init_0.mp4", "live/0/index12.m4s"},
		{"live/hd/hd.mp4", "live/hd/12.m4s"},
	} {
		h, ok := parsePath(c.header)
		s, ok2 := parsePath(c.segment)
		if !ok || !ok2 || h.channel != "live" || s.channel != "live" {
			t.Errorf("%s, %s: %+v, %+v", c.header, c.segment, h, s)
			continue
		}
		found := false
		for _, p := range s.parts {
			found = found || p == h.whole
		}
		if !found {
			t.Errorf("%s is of track %q, %s of one of %q", c.header, h.whole, c.segment, s.parts)
		}
	}
}

// Segments of one track are not taken for those of another one that is pushed beside it.
func TestPathsOfDifferentTracks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ header, segment string }{
		{"live/init-stream0.m4s", "live/chunk-stream1-00001.m4s"},
		{"live/Streams(video.cmfv)", "live/Streams(video2.cmfv)"},
		{"live/1080/init.mp4", "live/720/1.m4s"},
		{"live/video/init.mp4", "live/audio/1.m4s"},
		{"live/0/init_0.mp4", "live/1/index12.m4s"},
	} {
		h, _ := parsePath(c.header)
		s, _ := parsePath(c.segment)
		for _, p := range s.parts {
			if p == h.whole {
				t.Errorf("%s is taken to be of track %q", c.segment, h.whole)
			}
		}
	}
}

func TestPathsThatNameNoTrack(t *testing.T) {
	t.Parallel()
	for _, p := range []string{
		"", "/", "live", "live/", "live/../news/init.mp4", "live/./a", "live/Streams()", "live/" + strings.Repeat("a", maxPath),
		"live" + strings.Repeat("/a", maxParts),
	} {
		if a, ok := parsePath(p); ok {
			t.Errorf("%q: %+v", p, a)
		}
	}
	for _, p := range []string{"live/manifest.mpd", "live/a/b/MASTER.M3U8"} {
		if a, ok := parsePath(p); !ok || !a.manifest {
			t.Errorf("%q: %+v", p, a)
		}
	}
}
