package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const srtPassphrase = "correct-horse-battery-staple"

// transportStream is a file of 8 s with B-frames and sound, as an encoder sends it, and the same samples as they stand in FLV and MP4.
func transportStream(t testing.TB) (ts, flv string) {
	t.Helper()
	need(t, "ffmpeg", "ffprobe")
	ts, flv = filepath.Join(t.TempDir(), "clip.ts"), filepath.Join(t.TempDir(), "clip.flv")
	for _, args := range []string{
		"-f lavfi -i testsrc2=rate=25:size=320x180:duration=8 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=8 " +
			"-c:v libx264 -preset ultrafast -bf 2 -g 25 -pix_fmt yuv420p -b:v 1M -c:a aac " + ts,
		"-i " + ts + " -c copy " + flv,
	} {
		out, err := exec.Command("ffmpeg", strings.Fields("-hide_banner -nostdin -loglevel error "+args)...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return ts, flv
}

// srtURL is where to push a channel. The senders of Debian take a streamid as it is written.
func (s *server) srtURL(streamID, passphrase string) string {
	u := "srt://" + s.srt + "?mode=caller&transtype=live&streamid=" + streamID
	if passphrase != "" {
		u += "&pbkeylen=32&passphrase=" + passphrase
	}
	return u
}

// pipeTo runs a sender that reads a transport stream from its input. It gets the file at its pace of 8 s, and then stays connected until the test
// ends: what the sender still has to send when it goes is lost with it.
func pipeTo(t testing.TB, file string, command ...string) {
	t.Helper()
	need(t, command[0])
	ts, err := os.ReadFile(file)
	require.NoError(t, err)
	cmd, said := exec.Command(command[0], command[1:]...), &syncBuffer{}
	cmd.Stdout, cmd.Stderr = said, said
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	stop := make(chan struct{})
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		const datagram = 7 * 188
		pace := time.NewTicker(8 * time.Second * datagram / time.Duration(len(ts)))
		defer pace.Stop()
		for rest := ts; len(rest) > 0; rest = rest[min(len(rest), datagram):] {
			select {
			case <-stop:
				return
			case <-pace.C:
			}
			if _, err := in.Write(rest[:min(len(rest), datagram)]); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		_ = cmd.Process.Kill()
		<-fed
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(command, " "), said)
		}
	})
}

// Every sample that ffmpeg, srt-live-transmit and GStreamer send comes out once, bit-exact, at its time, in clear and encrypted; the status
// tells how the connection does.
func TestSRTSenders(t *testing.T) {
	t.Parallel()
	realtime(t, sRTSenders)
}

func sRTSenders(t *attempt) {
	need(t, "srt-live-transmit", "gst-launch-1.0")
	file, reference := transportStream(t)
	var list strings.Builder
	for _, sender := range []string{"ffmpeg", "transmit", "gstreamer"} {
		fmt.Fprintf(&list, "  %s: {dvr: 5m, key: s3cret}\n  %[1]s-aes: {dvr: 5m, passphrase: %s}\n", sender, srtPassphrase)
	}
	srv := start(t, settings{channels: list.String()})
	parts := map[string]func(*attempt){}
	for sender, push := range map[string]func(t testing.TB, streamID, passphrase string){
		"ffmpeg": func(t testing.TB, streamID, passphrase string) {
			broadcast(t, "-re", "-i", file, "-map", "0", "-c", "copy", "-f", "mpegts", srv.srtURL(streamID, passphrase))
		},
		"transmit": func(t testing.TB, streamID, passphrase string) {
			pipeTo(t, file, "srt-live-transmit", "file://con", srv.srtURL(streamID, passphrase))
		},
		"gstreamer": func(t testing.TB, streamID, passphrase string) {
			sink := []string{"gst-launch-1.0", "-q", "fdsrc", "blocksize=1316", "!", "srtsink", "uri=srt://" + srv.srt + "?mode=caller", "streamid=" + streamID}
			if passphrase != "" {
				sink = append(sink, "passphrase="+passphrase, "pbkeylen=16")
			}
			pipeTo(t, file, sink...)
		},
	} {
		for channel, passphrase := range map[string]string{sender: "", sender + "-aes": srtPassphrase} {
			parts[channel] = func(t *attempt) {
				streamID := "publish:" + channel + ":s3cret"
				if passphrase != "" {
					streamID = "#!::r=" + channel + ",m=publish"
				}
				push(t, streamID, passphrase)
				var status struct {
					State string
					Feed  struct {
						Protocol  string
						Transport *struct {
							RTTSeconds, LatencySeconds float64
							Received, Missing          int
							Encrypted                  bool
						}
					}
				}
				eventually(t, time.Minute, channel+" is on air", func() bool {
					require.Equal(t, 200, srv.api(http.MethodGet, "/api/v1/channels/"+channel, "", &status))
					return status.State == "on-air" && status.Feed.Transport != nil && status.Feed.Transport.Received > 100
				})
				require.Equal(t, "srt", status.Feed.Protocol)
				require.GreaterOrEqual(t, status.Feed.Transport.LatencySeconds, 0.12)
				require.Positive(t, status.Feed.Transport.RTTSeconds)
				require.Equal(t, passphrase != "", status.Feed.Transport.Encrypted)
				_, metrics := fetch(t, http.MethodGet, "http://"+srv.admin+"/metrics", "")
				require.Contains(t, string(metrics), `weir_transport_packets_total{channel="`+channel+`",what="received"}`)

				// ffmpeg goes when it has sent the last packet, and what is due within the latency goes with it. The others stay, and the
				// last segment is open.
				want := sentFrom(t, reference)
				want.least = 5.9
				srv.requireForms(t, channel, want)
			}
		}
	}
	t.RunAll(parts)
}

// Who does not know the passphrase is refused and told so, in the log too, where no secret is. Nobody else notices.
func TestSRTRefusals(t *testing.T) {
	t.Parallel()
	realtime(t, sRTRefusals)
}

func sRTRefusals(t *attempt) {
	need(t, "ffmpeg", "srt-live-transmit")
	srv := start(t, settings{channels: "  locked: {dvr: 60s, passphrase: " + srtPassphrase + ", key: s3cret}\n  far: {allow: [192.0.2.7]}\n"})
	for reason, to := range map[string]string{
		"wrong passphrase": srv.srtURL("publish:locked:s3cret", "another-passphrase"),
		"the channel has a passphrase, but the connection is not encrypted": srv.srtURL("publish:locked:s3cret", ""),
		"wrong or missing key":                      srv.srtURL("publish:locked:s3cred", srtPassphrase),
		"unknown channel":                           srv.srtURL("publish:none", ""),
		"this address may not publish":              srv.srtURL("publish:far", ""),
		`mode \"read\" is not served: m=publish is`: srv.srtURL("read:far", ""),
	} {
		feed := broadcast(t, "-re", "-f", "lavfi", "-i", "testsrc2", "-t", "20", "-f", "mpegts", to)
		select {
		case <-feed.ended:
		case <-time.After(time.Minute):
			t.Fatalf("%s: not refused", reason)
		}
		require.NotZero(t, feed.cmd.ProcessState.ExitCode(), reason)
		srv.waitLog(time.Minute, reason, "refused")
	}
	log := srv.log.tail(2000)
	for _, secret := range []string{"s3cre", srtPassphrase, "another"} {
		require.NotContains(t, log, secret)
	}
}

// A sender that is killed can come back to its channel, which goes on behind a discontinuity.
func TestSRTSenderIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	realtime(t, sRTSenderIsKilledAndComesBack)
}

func sRTSenderIsKilledAndComesBack(t *attempt) {
	srv := start(t, settings{channels: "  live: {dvr: 5m}\n"})
	push := pushPattern("320x180", srv.srtURL("publish:live", ""))
	push[len(push)-2] = "mpegts"
	first := broadcast(t, push...)
	srv.waitMedia("live", "v1", 2, time.Minute)
	first.stop()
	srv.waitLog(time.Minute, "feed ended", "connection lost")
	before, _ := srv.media("live", "v1")
	broadcast(t, push...)
	list := srv.waitMedia("live", "v1", len(before.segments)+3, time.Minute)
	breaks := 0
	for _, segment := range list.segments {
		if segment.discontinuity {
			breaks++
		}
	}
	require.Equal(t, 1, breaks)
}

// A channel can name a sender that listens. It is called until it answers, and again when it has gone.
func TestSRTSourceIsCalled(t *testing.T) {
	t.Parallel()
	realtime(t, sRTSourceIsCalled)
}

func sRTSourceIsCalled(t *attempt) {
	file, _ := transportStream(t)
	sender := freeUDP(t)
	srv := start(t, settings{channels: "  live: {dvr: 5m, source: \"srt://" + sender + "?passphrase=" + srtPassphrase + "&latency=200\"}\n"})
	srv.waitLog(time.Minute, "nobody answers")
	require.NotContains(t, srv.log.tail(2000), srtPassphrase)
	// It sends from when it is called, and without end: calls come at longer and longer intervals.
	listener := []string{"-re", "-stream_loop", "-1", "-i", file, "-c", "copy", "-f", "mpegts", "srt://" + sender + "?mode=listener&pbkeylen=16&passphrase=" + srtPassphrase}
	for i := range 2 {
		t.Run(fmt.Sprint("time ", i), func(t *attempt) {
			before, _ := srv.media("live", "v1")
			broadcast(t, listener...)
			srv.waitMedia("live", "v1", len(before.segments)+3, 2*time.Minute)
		})
	}
}

// on_publish decides who comes in, by the key if it likes.
func TestOnPublishDecides(t *testing.T) {
	t.Parallel()
	realtime(t, onPublishDecides)
}

func onPublishDecides(t *attempt) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), `"key":"subscriber-7"`) {
			http.Error(w, "not paid", http.StatusPaymentRequired)
		}
	}))
	t.Cleanup(hook.Close)
	srv := start(t, settings{channels: "  live: {dvr: 5m}\n", ingest: "on_publish: \"" + hook.URL + "\""})
	for _, to := range []string{srv.srtURL("publish:live:other", ""), srv.push("/live/live?key=other")} {
		push := pushPattern("320x180", to)
		if strings.HasPrefix(to, "srt:") {
			push[len(push)-2] = "mpegts"
		}
		feed := broadcast(t, push...)
		select {
		case <-feed.ended:
		case <-time.After(time.Minute):
			t.Fatalf("%s: not refused", to)
		}
		protocol, _, _ := strings.Cut(to, ":")
		srv.waitLog(time.Minute, "feed refused", `"protocol":"`+protocol, "refused by on_publish: not paid")
	}
	push := pushPattern("320x180", srv.srtURL("publish:live:subscriber-7", ""))
	push[len(push)-2] = "mpegts"
	broadcast(t, push...)
	srv.waitMedia("live", "v1", 1, time.Minute)
}

// freeUDP is an address that nobody has at the moment, and that no system gives to who asks for any: those are from 32768 on.
func freeUDP(t testing.TB) string {
	t.Helper()
	for range 100 {
		pc, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		if err != nil {
			continue
		}
		defer pc.Close()
		return pc.LocalAddr().String()
	}
	t.Fatal("no port of UDP is free")
	return ""
}
