package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// way is a way in, and a real sender that takes it.
type way struct {
	// source is the channel's, where Weir fetches the feed.
	source string
	// command is the sender, that ends with the feed; none where the source is one.
	command []string
	// stays tells that nobody says when the feed ends, or that it goes on from the start: the last segment is not looked at.
	stays bool
}

// clip is 8 s of pictures with B-frames and of sound, as MP4, FLV and transport stream. Their samples are the same, at the same times.
func clip(t testing.TB) (mp4, flv, ts string) {
	t.Helper()
	need(t, "ffmpeg", "ffprobe")
	base := filepath.Join(t.TempDir(), "clip")
	mp4, flv, ts = base+".mp4", base+".flv", base+".ts"
	for _, args := range []string{
		"-f lavfi -i testsrc2=rate=25:size=320x180:duration=8 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=8 " +
			"-c:v libx264 -preset ultrafast -bf 2 -g 25 -x264-params scenecut=0 -pix_fmt yuv420p -b:v 600k -c:a aac " + ts,
		"-i " + ts + " -c copy " + flv,
		"-i " + ts + " -c copy " + mp4,
	} {
		out, err := exec.Command("ffmpeg", strings.Fields("-nostdin -v error "+args)...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return mp4, flv, ts
}

// fromFFmpeg is ffmpeg's command that sends a file as it is, in real time.
func fromFFmpeg(file, output string) []string {
	return append([]string{"ffmpeg", "-nostdin", "-v", "warning", "-re", "-i", file, "-c", "copy"}, strings.Fields(output)...)
}

// Whatever way a feed takes, every sample of it comes out of HLS and DASH, once, bit-exact, in order, at its time, and sound and pictures
// keep their distance. SRT, Enhanced RTMP and WHIP have such tests of their own.
func TestEverySampleOfEveryWay(t *testing.T) {
	t.Parallel()
	realtime(t, everySampleOfEveryWay)
}

func everySampleOfEveryWay(t *attempt) {
	mp4, flv, ts := clip(t)
	reference := sentFrom(t, flv)
	files := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(ts))))
	t.Cleanup(files.Close)
	address := map[string]string{"udp": freeUDP(t), "rtp": freeUDP(t)}
	ways := map[string]func(srv *server) way{
		"rtmp": func(srv *server) way { return way{command: fromFFmpeg(flv, "-f flv "+srv.push("/live/rtmp"))} },
		"post": func(srv *server) way {
			return way{command: fromFFmpeg(ts, "-map 0 -f mpegts -method POST http://"+srv.ingest+"/ts/post")}
		},
		"udp": func(*server) way {
			return way{
				source: "udp://" + address["udp"], stays: true,
				command: fromFFmpeg(ts, "-map 0 -f mpegts udp://"+address["udp"]+"?pkt_size=1316"),
			}
		},
		"rtp": func(*server) way {
			return way{
				source: "udp://" + address["rtp"], stays: true,
				command: fromFFmpeg(ts, "-map 0 -f rtp_mpegts rtp://"+address["rtp"]),
			}
		},
		"pulled": func(*server) way { return way{source: files.URL + "/clip.ts", stays: true} },
		"file":   func(*server) way { return way{source: "file:" + ts, stays: true} },
		"looped": func(*server) way { return way{source: "file:" + mp4, stays: true} },
		"dash": func(srv *server) way {
			return way{command: fromFFmpeg(mp4, "-f dash -seg_duration 2 -method PUT http://"+srv.ingest+"/cmaf/dash/manifest.mpd")}
		},
		"chunks": func(srv *server) way {
			return way{command: fromFFmpeg(mp4, "-f dash -seg_duration 2 -streaming 1 -ldash 1 -method PUT http://me:s3cret@"+srv.ingest+"/cmaf/chunks/manifest.mpd")}
		},
		"hls": func(srv *server) way {
			return way{command: fromFFmpeg(mp4, "-f hls -hls_segment_type fmp4 -hls_time 2 -method PUT http://"+srv.ingest+"/cmaf/hls/index.m3u8")}
		},
	}
	var channels strings.Builder
	for name, of := range ways {
		fmt.Fprintf(&channels, "  %s: {dvr: 30m", name)
		if source := of(&server{}).source; source != "" {
			fmt.Fprintf(&channels, ", source: %q", source)
		}
		if name == "chunks" {
			channels.WriteString(", key: s3cret")
		}
		channels.WriteString("}\n")
	}
	srv := start(t, settings{channels: channels.String()})
	for _, bound := range address { // what comes before is lost
		srv.waitLog(time.Minute, "waiting for datagrams", bound)
	}
	senders := map[string]<-chan error{}
	for name, of := range ways { // all at once: each needs little, and 8 s
		if w := of(srv); len(w.command) > 0 {
			senders[name] = send(t, w.command...)
		}
	}
	for name, of := range ways {
		t.Run(name, func(t *attempt) {
			if ended, ok := senders[name]; ok {
				require.NoError(t, <-ended)
			}
			want := reference
			if of(srv).stays {
				want.least = 5.9
			}
			srv.requireForms(t, name, want)
		})
	}
}

// send starts a sender, and gives what became of it once it has ended by itself.
func send(t testing.TB, command ...string) (ended <-chan error) {
	t.Helper()
	need(t, command[0])
	cmd, said, result := exec.Command(command[0], command[1:]...), &syncBuffer{}, make(chan error, 1)
	cmd.Stdout, cmd.Stderr = said, said
	require.NoError(t, cmd.Start())
	late := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		err := cmd.Wait()
		if err != nil {
			err = fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, said)
		}
		result <- err
	}()
	t.Cleanup(func() {
		late.Stop()
		_ = cmd.Process.Kill()
		<-gone
	})
	return result
}
