package rtmp

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
	"weir/internal/testmedia"
)

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
}

// ffmpeg pushes with those arguments and returns what it says.
func ffmpeg(t *testing.T, args ...string) (stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-hide_banner", "-nostdin", "-loglevel", "info"}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// probed is a packet as ffprobe sees it.
type probed struct {
	Type string `json:"codec_type"`
	PTS  int64  `json:"pts"`
	DTS  int64  `json:"dts"`
	Key  string `json:"flags"`
	Hash string `json:"data_hash"`
}

type probe struct {
	Packets []probed `json:"packets"`
	Streams []struct {
		Type string `json:"codec_type"`
		Hash string `json:"extradata_hash"`
	} `json:"streams"`
}

func ffprobe(t *testing.T, path string) probe {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_packets", "-show_streams", "-show_data_hash", "md5",
		"-show_entries", "packet=codec_type,pts,dts,flags,data_hash:stream=codec_type,extradata_hash", "-of", "json", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var p probe
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func md5sum(b []byte) string {
	sum := md5.Sum(b)
	return "MD5:" + hex.EncodeToString(sum[:])
}

// Every packet that ffmpeg pushes comes out once, in order, bit-exact, with its PTS and DTS.
func TestFFmpegPushIsBitExact(t *testing.T) {
	t.Parallel()
	needs(t, "ffmpeg")
	for _, name := range []string{"flv/avatar.flv", "flv/bbb.flv"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := testmedia.File(t, name)
			source := ffprobe(t, path)
			in := &ingesttest.Server{}
			addr, _ := serve(t, Config{Ingest: in})
			if out, err := ffmpeg(t, "-copyts", "-i", path, "-map", "0:v", "-map", "0:a", "-c", "copy", "-f", "flv", "rtmp://"+addr+"/live/news?key=a"); err != nil {
				t.Fatalf("ffmpeg: %v\n%s", err, out)
			}
			feed := in.Next(t)
			if err := feed.WaitClosed(t); err != nil {
				t.Errorf("feed ended by %v", err)
			}
			if feed.Publish.Channel != "news" || feed.Publish.Key != "a" {
				t.Errorf("publish = %#v", feed.Publish)
			}
			r := feed.Got()
			if len(r.Starts) != 1 {
				t.Fatalf("%d announcements, want one", len(r.Starts))
			}
			compare(t, source, r.Starts[0], r.Samples)
		})
	}
}

func compare(t *testing.T, source probe, formats []media.Format, samples []media.Sample) {
	t.Helper()
	for _, s := range source.Streams {
		found := false
		for _, f := range formats {
			found = found || string(f.Codec.Kind()) == s.Type && md5sum(f.Config) == s.Hash
		}
		if !found {
			t.Errorf("%s configuration %s was not announced: %v", s.Type, s.Hash, formats)
		}
	}
	byTrack := map[string][]string{}
	for _, s := range samples {
		kind := string(formats[s.Track].Codec.Kind())
		byTrack[kind] = append(byTrack[kind], fmt.Sprint(s.PTS, s.DTS, s.Sync, md5sum(s.Data)))
	}
	want := map[string][]string{}
	for _, p := range source.Packets {
		want[p.Type] = append(want[p.Type], fmt.Sprint(p.PTS, p.DTS, strings.HasPrefix(p.Key, "K"), p.Hash))
	}
	for kind, packets := range want {
		got := byTrack[kind]
		if len(got) != len(packets) {
			t.Errorf("%s: %d samples, want %d", kind, len(got), len(packets))
		}
		for i := range min(len(got), len(packets)) {
			if got[i] != packets[i] {
				t.Fatalf("%s packet %d: got %s, want %s", kind, i, got[i], packets[i])
			}
		}
	}
}

// ffmpeg shows people what to mend.
func TestFFmpegShowsWhyItIsRefused(t *testing.T) {
	t.Parallel()
	needs(t, "ffmpeg")
	in := &ingesttest.Server{}
	in.Refuse = func(p ingest.Publish) error {
		switch {
		case p.Channel == "none":
			return ingest.ErrUnknownChannel
		case p.Channel == "taken":
			return ingest.ErrTaken
		case p.Key != "secret":
			return ingest.ErrKey
		case p.Rendition != "":
			return fmt.Errorf("%w: it is none of the channel's", ingest.ErrRendition)
		case p.Input == "spare":
			return ingest.ErrInput
		case p.Input == "hooked":
			return fmt.Errorf("%w: not on Sundays", ingest.ErrRefused)
		}
		return nil
	}
	addr, _ := serve(t, Config{Ingest: in})
	for path, want := range map[string]string{
		"live/none":                 `there is no channel "none"`,
		"live/taken":                `channel "taken" is taken`,
		"live/news":                 `wrong or missing key for channel "news"`,
		"live/news?key=no":          `wrong or missing key for channel "news"`,
		"live/news/720p?key=secret": `does not take rendition "720p": unknown rendition: it is none`,

		"live/news?key=secret&input=spare":  `has no input "spare"`,
		"live/news?key=secret&input=hooked": "not on Sundays",
		"other/news":                        `unknown application "other"`,
		"live/a/b/c/d":                      "too many slashes",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			out, err := ffmpeg(t, "-f", "lavfi", "-i", "anullsrc=d=1", "-c:a", "aac", "-f", "flv", "rtmp://"+addr+"/"+path)
			if err == nil || !strings.Contains(out, want) {
				t.Errorf("ffmpeg: %v, want %q in\n%s", err, want, out)
			}
		})
	}
	t.Run("play", func(t *testing.T) {
		t.Parallel()
		out, err := ffmpeg(t, "-i", "rtmp://"+addr+"/live/news", "-f", "null", "-")
		if err == nil || !strings.Contains(out, "play HLS or DASH") {
			t.Errorf("ffmpeg: %v\n%s", err, out)
		}
	})
}
