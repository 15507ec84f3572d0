package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// sharedTS says of each shared transport stream what happens when it is posted as it is: its tracks, or what is said to the
// broadcaster.
var sharedTS = map[string]struct {
	tracks  []sharedTrack
	refused string
}{
	"bbb_2500ms.ts":          {refused: "video is MPEG-2 video; send H.264 or HEVC"},
	"h264_aac_scte35_80s.ts": {tracks: []sharedTrack{{"v1", "video", "mp4"}, {"a1", "audio", "mp4"}}},
	// ffprobe finds two frames that are cut off at the ends of the file.
	"sample_ac3.ts":  {tracks: []sharedTrack{{"a1", "audio", ""}}},
	"sample_eac3.ts": {tracks: []sharedTrack{{"a1", "audio", ""}}}, // six frames there make a sample of MP4
	"sample_h264_mpeg_audio.ts": {
		tracks: []sharedTrack{{"v1", "video", "mp4"}, {"a1", "audio", "mp4"}},
	},
	"sample_h264_no_access_unit_delimiters.ts": {tracks: []sharedTrack{{"v1", "video", "mp4"}}},
	"sample_h265.ts":   {tracks: []sharedTrack{{"v1", "video", ""}}}, // ffmpeg's parser moves the first byte of start codes
	"sample_latm.ts":   {tracks: []sharedTrack{{"a1", "audio", ""}}}, // ffmpeg cannot take LATM out of its transport
	"sample_scte35.ts": {refused: "video is MPEG-2 video; send H.264 or HEVC"},
}

// sharedTrack is a track that comes of it. remux is the container in which ffmpeg's copy has the same samples, "" where none has.
type sharedTrack struct{ name, kind, remux string }

// post sends a body to the HTTP ingest, and gives what it answers.
func (s *server) post(path string, body io.Reader) (status int, answer string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.ingest+path, body)
	require.NoError(s.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return resp.StatusCode, strings.TrimSpace(string(b))
}

// Every shared transport stream plays, sample by sample, or is refused in words that say why.
func TestSharedTransportStreams(t *testing.T) {
	t.Parallel()
	realtime(t, sharedTransportStreams)
}

func sharedTransportStreams(t *attempt) {
	need(t, "ffmpeg", "ffprobe")
	names := make([]string, 0, len(sharedTS))
	var channels strings.Builder
	for name := range sharedTS {
		names = append(names, name)
		channels.WriteString("  " + channelOf(name) + ": {dvr: 120s, key: s3cret}\n")
	}
	sort.Strings(names)
	srv := start(t, settings{channels: channels.String()})
	parts := map[string]func(*attempt){}
	for _, name := range names {
		parts[name] = func(t *attempt) {
			want := sharedTS[name]
			path := testmedia.File(t, "ts/"+name)
			channel := channelOf(name)
			file, err := os.Open(path)
			require.NoError(t, err)
			defer file.Close()
			status, answer := srv.post("/ts/"+channel+"?key=s3cret", file)
			if want.refused != "" {
				require.Equal(t, http.StatusUnsupportedMediaType, status)
				require.Contains(t, answer, want.refused)
				srv.waitLog(time.Minute, `"msg":"feed ended"`, `"channel":"`+channel+`"`, want.refused)
				return
			}
			require.Equal(t, 200, status, answer)
			expected := sent{tracks: form{}, apart: 0.025}
			for _, track := range want.tracks {
				if track.remux == "" {
					srv.requireAlike(t, channel, track.name)
					continue
				}
				copied := filepath.Join(t.TempDir(), "copied."+track.remux)
				out, err := exec.Command("ffmpeg", "-v", "error", "-copyts", "-i", path, "-map", "0:"+track.kind[:1]+":0", "-c", "copy",
					"-avoid_negative_ts", "disabled", copied).CombinedOutput()
				require.NoError(t, err, string(out))
				expected.tracks[track.name] = packets(t, copied, track.kind)
			}
			if len(expected.tracks) > 0 {
				srv.requireForms(t, channel, expected)
			}
		}
	}
	t.RunAll(parts)
}

// channelOf is a channel's ID for a file.
func channelOf(name string) string {
	return strings.ReplaceAll(strings.TrimSuffix(name, filepath.Ext(name)), ".", "_")
}

// What ffmpeg sends by UDP, and what stands in a file, plays as a channel's source; a file's loops are one run.
func TestTransportStreamSources(t *testing.T) {
	t.Parallel()
	realtime(t, transportStreamSources)
}

func transportStreamSources(t *attempt) {
	need(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "clip.ts")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x180:r=25", "-f", "lavfi", "-i", "sine", "-t", "6", "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-c:a", "aac", "-f", "mpegts", file).CombinedOutput()
	require.NoError(t, err, string(out))
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0") // a port that is free
	require.NoError(t, err)
	address := "udp://" + socket.LocalAddr().String()
	require.NoError(t, socket.Close())
	srv := start(t, settings{channels: "  looped: {dvr: 60s, source: \"file:" + file + "\"}\n  sent: {dvr: 60s, source: \"" + address + "\"}\n"})
	broadcast(t, "-re", "-stream_loop", "-1", "-i", file, "-c", "copy", "-f", "mpegts", address+"?pkt_size=1316")
	for _, channel := range []string{"looped", "sent"} {
		for _, track := range []string{"v1", "a1"} {
			srv.waitMedia(channel, track, 5, time.Minute)
		}
	}
	list := srv.waitMedia("looped", "v1", 6, time.Minute) // twice through the clip
	for _, s := range list.segments {
		require.False(t, s.discontinuity, "segment %d", s.number)
	}
}
