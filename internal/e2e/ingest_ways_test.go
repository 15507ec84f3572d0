package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// costClip is one feed in the containers of all ways in, encoded once: who sends it has nearly nothing to do.
type costClip struct {
	flv, ts      string
	video, audio string  // CMAF, a chunk each 200 ms
	bytes        float64 // of media, without container
}

func makeCostClip(b *testing.B) costClip {
	b.Helper()
	flv := constantBitrateClip(b, "1920x1080", costBitrate)
	name := strings.TrimSuffix(flv, ".flv")
	c := costClip{flv: flv, ts: name + ".ts", video: name + ".cmfv", audio: name + ".cmfa", bytes: clipRate(b, flv) * costLength}
	for _, to := range []string{
		"-f mpegts " + c.ts,
		"-map 0:v -f mp4 -movflags +cmaf -frag_duration 200000 " + c.video,
		"-map 0:a -f mp4 -movflags +cmaf -frag_duration 200000 " + c.audio,
	} {
		out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-i", flv, "-c", "copy"}, strings.Fields(to)...)...).CombinedOutput()
		require.NoError(b, err, string(out))
	}
	return c
}

// wayIn is a protocol by which a feed comes to weir, and to ffmpeg.
type wayIn struct {
	name string
	// bound is the source of a channel that listens at an address of its own; nil where it is pushed.
	bound func(address string) string
	// toWeir sends a whole feed to a channel, or to the address that its source is bound to.
	toWeir func(b *testing.B, srv *server, clip costClip, channel, address string)
	// toFFmpeg gives ffmpeg's arguments for its input, and what sends the whole feed to it.
	toFFmpeg func(b *testing.B, clip costClip) (input []string, send func())
}

// fromTS is what ffmpeg must be told to put sound from a transport stream into MP4.
var fromTS = []string{"-bsf:a", "aac_adtstoasc"}

var waysIn = []wayIn{
	{
		name: "rtmp",
		toWeir: func(b *testing.B, srv *server, clip costClip, channel, _ string) {
			copyFile(b, clip.flv, "flv", srv.push("/live/"+channel))
		},
		toFFmpeg: func(b *testing.B, clip costClip) ([]string, func()) {
			to := "rtmp://" + freeTCP(b) + "/live/feed"
			return []string{"-listen", "1", "-i", to}, func() {
				waitBound(b, "tcp", to)
				copyFile(b, clip.flv, "flv", to)
			}
		},
	},
	{
		name: "srt",
		toWeir: func(b *testing.B, srv *server, clip costClip, channel, _ string) {
			copyFile(b, clip.ts, "mpegts", srv.srtURL("publish:"+channel, ""))
		},
		toFFmpeg: func(b *testing.B, clip costClip) ([]string, func()) {
			to := "srt://" + freeUDP(b)
			return append([]string{"-i", to + "?mode=listener"}, fromTS...), func() {
				waitBound(b, "udp", to)
				copyFile(b, clip.ts, "mpegts", to+"?mode=caller")
			}
		},
	},
	{
		name:  "ts-udp",
		bound: func(address string) string { return "udp://" + address },
		toWeir: func(b *testing.B, _ *server, clip costClip, _, address string) {
			sendDatagrams(b, clip.ts, address)
		},
		toFFmpeg: func(b *testing.B, clip costClip) ([]string, func()) {
			address := freeUDP(b)
			return append([]string{"-i", "udp://" + address + "?buffer_size=4194304&fifo_size=100000&timeout=3000000"}, fromTS...), func() {
				waitBound(b, "udp", "udp://"+address)
				sendDatagrams(b, clip.ts, address)
			}
		},
	},
	{
		name: "ts-http",
		toWeir: func(b *testing.B, srv *server, clip costClip, channel, _ string) {
			postPaced(b, clip.ts, "http://"+srv.ingest+"/ts/"+channel)
		},
		toFFmpeg: func(b *testing.B, clip costClip) ([]string, func()) {
			return append([]string{"-i", servePaced(b) + clip.ts}, fromTS...), func() {}
		},
	},
	{
		name: "cmaf",
		toWeir: func(b *testing.B, srv *server, clip costClip, channel, _ string) {
			var tracks sync.WaitGroup
			for name, file := range map[string]string{"video.cmfv": clip.video, "audio.cmfa": clip.audio} {
				tracks.Go(func() { postPaced(b, file, "http://"+srv.ingest+"/cmaf/"+channel+"/Streams("+name+")") })
			}
			tracks.Wait()
		},
		toFFmpeg: func(b *testing.B, clip costClip) ([]string, func()) {
			from := servePaced(b)
			return []string{"-i", from + clip.video, "-i", from + clip.audio, "-map", "0", "-map", "1"}, func() {}
		},
	},
}

// copyFile has an ffmpeg send a file in real time.
func copyFile(b *testing.B, file, format, to string) {
	sender := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-re", "-i", file, "-c", "copy", "-f", format, to)
	if out, err := sender.CombinedOutput(); err != nil {
		b.Errorf("ffmpeg to %s: %v\n%s", to, err, out)
	}
}

// paced copies a file to w evenly within its length, in pieces of so many bytes.
func paced(w io.Writer, file string, piece int) error {
	all, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begun := time.Now()
	for at := 0; at < len(all); at += piece {
		due := begun.Add(time.Duration(float64(at) / float64(len(all)) * costLength * float64(time.Second)))
		if wait := time.Until(due); wait > time.Millisecond {
			<-time.After(wait)
		}
		if _, err := w.Write(all[at:min(at+piece, len(all))]); err != nil {
			return err
		}
	}
	return nil
}

func sendDatagrams(b *testing.B, file, address string) {
	conn, err := net.Dial("udp", address)
	if err == nil {
		defer conn.Close()
		err = paced(conn, file, 7*188)
	}
	if err != nil {
		b.Errorf("send to %s: %v", address, err)
	}
}

const pacedPiece = 16 << 10

// postPaced posts a file in one request that lasts as long as the feed.
func postPaced(b *testing.B, file, to string) {
	body, in := io.Pipe()
	go func() { _ = in.CloseWithError(paced(in, file, pacedPiece)) }() // ends when the body is closed
	resp, err := http.Post(to, "application/octet-stream", body)
	if err != nil {
		b.Errorf("post: %v", err)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(resp.Body)
		b.Errorf("post to %s: %s %s", to, resp.Status, answer)
	}
}

// servePaced serves files by their whole paths, in real time, and gives the URL that these are appended to.
func servePaced(b *testing.B) string {
	b.Helper()
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_ = paced(w, filepath.FromSlash(r.URL.Path), pacedPiece)
	}))
	b.Cleanup(files.Close)
	return files.URL
}

// waitBound waits until somebody listens at the port of a URL, without a connection that a listener could take for its sender.
func waitBound(b *testing.B, network, url string) {
	_, address, _ := strings.Cut(url, "://")
	address, _, _ = strings.Cut(address, "/")
	_, port, _ := net.SplitHostPort(address)
	want := fmt.Sprintf(":%04X 00000000:0000", int(number(b, port)))
	for range 300 {
		table, err := os.ReadFile("/proc/net/" + network)
		if err != nil {
			b.Errorf("who listens: %v", err)
			return
		}
		if strings.Contains(string(table), want) {
			return
		}
		pass(100 * time.Millisecond)
	}
	b.Errorf("nobody listens at %s", url)
}

// freeTCP is an address that nobody has at the moment.
func freeTCP(b *testing.B) string {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer ln.Close()
	return ln.Addr().String()
}
