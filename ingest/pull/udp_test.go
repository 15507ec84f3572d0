package pull

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
)

// freePort is a UDP port that nobody has.
func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// rtp puts a header before a payload.
func rtp(number uint16, payload []byte) []byte {
	h := binary.BigEndian.AppendUint16([]byte{0x80, 33}, number)
	return append(append(h, 0, 0, 0, 0, 1, 2, 3, 4), payload...)
}

// send sends datagrams again and again until there is a feed: nobody tells when the socket stands open.
func send(t *testing.T, port int, in *ingesttest.Server, first []byte) (net.Conn, *ingesttest.Feed) {
	t.Helper()
	c, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	ingesttest.Eventually(t, "a feed", func() bool {
		_, _ = c.Write(first)
		return len(in.Feeds()) > 0
	})
	return c, in.Next(t)
}

// Datagrams become a feed, bare or in RTP; those of RTP are put in order.
func TestDatagrams(t *testing.T) {
	t.Parallel()
	null := append([]byte{0x47, 0x1f, 0xff, 0x10}, bytes.Repeat([]byte{0xff}, 184)...)
	for _, inRTP := range []bool{false, true} {
		t.Run(fmt.Sprintf("RTP %v", inRTP), func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			in := supervise(t, fmt.Sprintf("udp://127.0.0.1:%d?program=1", port), Config{IdleTimeout: 4 * time.Second})
			first := null
			if inRTP {
				first = rtp(65530, null)
			}
			c, feed := send(t, port, in, first)
			var datagrams [][]byte
			number := uint16(65530)
			for chunk := range slices.Chunk(feedOf(100, 0), 7*188) {
				number++
				if inRTP {
					chunk = rtp(number, chunk)
				}
				datagrams = append(datagrams, chunk)
			}
			if inRTP {
				for i := 0; i+4 <= len(datagrams); i += 4 {
					rand.Shuffle(4, func(a, b int) { datagrams[i+a], datagrams[i+b] = datagrams[i+b], datagrams[i+a] })
				}
			}
			for i, d := range datagrams {
				_, _ = c.Write(d)
				if i%20 == 19 { // no faster than it is read
					feed.WaitSamples(t, min(i*2-30, 250))
				}
			}
			reason, got := feed.WaitClosed(t), feed.Got()
			if n := len(got.Of(0)); n != 100 || len(got.Starts) != 1 || !errors.Is(reason, errIdle) || feed.Publish.Protocol != "udp" || !feed.Publish.Source {
				t.Errorf("%d pictures, %d starts, %d dropped, closed by %v", n, len(got.Starts), got.Dropped(), reason)
			}
			if st := feed.Publish.Transport(); st.Received < uint64(len(datagrams)) || st.Missing != 0 {
				t.Errorf("%+v", st)
			}
			// The next sender is the next feed.
			_, _ = c.Write(first)
			next := in.Next(t)
			next.End(ingest.ErrDeleted)
			if err := next.WaitClosed(t); !errors.Is(err, ingest.ErrDeleted) {
				t.Errorf("closed by %v", err)
			}
		})
	}
}

// Packets come out in order, each once; what is missing is waited for within the window.
func TestReorder(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	var got []byte
	emit := func(b []byte) error { got = append(got, b[0]); return nil }
	var r reorder
	push := func(numbers ...uint16) {
		for _, n := range numbers {
			if err := r.push(n, []byte{byte(n)}, now, emit); err != nil {
				t.Fatal(err)
			}
		}
	}
	push(65534, 0, 65535, 2, 2, 1, 1)
	if !slices.Equal(got, []byte{254, 255, 0, 1, 2}) || r.late != 2 || r.count != 0 {
		t.Fatal(got, r.late, r.count)
	}
	got = nil
	push(5, 4) // 3 is missing
	now = now.Add(patience)
	if err := r.expire(now, emit); err != nil || !slices.Equal(got, []byte{4, 5}) || r.missing != 1 {
		t.Fatal(got, r.missing)
	}
	got = nil
	push(7, 6+window+1) // 6 is given up, as what is beyond the window came
	if !slices.Equal(got, []byte{7}) || r.count != 1 {
		t.Fatal(got, r.count)
	}
	push(30000)
	if !slices.Equal(got, []byte{7, 6 + window + 1, 30000 % 256}) || r.count != 0 {
		t.Fatal(got, r.count)
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add(rtp(1, []byte{0x47}))
	f.Add([]byte{0xbf, 33, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 1, 1, 1, 1, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, _, ok := unwrap(b)
		if ok && len(payload) > len(b)-rtpHead {
			t.Fatal(len(payload))
		}
	})
}

// ffmpeg and GStreamer send, to an address, to a group on an interface, and in RTP.
func TestSenders(t *testing.T) {
	t.Parallel()
	const x264 = "ffmpeg -v error -re -f lavfi -i testsrc=s=64x64:r=25 -f lavfi -i sine -t 3 -pix_fmt yuv420p -c:v libx264 -g 25 -bf 0 -c:a aac "
	const gst = "gst-launch-1.0 mpegtsmux name=m alignment=7 ! SINK videotestsrc is-live=true num-buffers=75 ! video/x-raw,width=64,height=64,framerate=25/1 ! " +
		"openh264enc gop-size=25 ! h264parse ! m. audiotestsrc is-live=true num-buffers=129 ! audio/x-raw,rate=44100 ! avenc_aac ! m."
	for name, tc := range map[string]struct{ source, args string }{
		"ffmpeg":              {"udp://127.0.0.1:PORT", x264 + "-f mpegts udp://127.0.0.1:PORT?pkt_size=1316"},
		"ffmpeg, RTP":         {"udp://127.0.0.1:PORT", x264 + "-f rtp_mpegts rtp://127.0.0.1:PORT"},
		"ffmpeg to a group":   {"udp://127.0.0.1@239.255.10.7:PORT", x264 + "-f mpegts udp://239.255.10.7:PORT?pkt_size=1316&localaddr=127.0.0.1"},
		"GStreamer":           {"udp://127.0.0.1:PORT", strings.Replace(gst, "SINK", "udpsink host=127.0.0.1 port=PORT", 1)},
		"GStreamer, with RTP": {"udp://127.0.0.1:PORT", strings.Replace(gst, "SINK", "rtpmp2tpay ! udpsink host=127.0.0.1 port=PORT", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := fmt.Sprint(freePort(t))
			args := strings.Fields(strings.ReplaceAll(tc.args, "PORT", port))
			if _, err := exec.LookPath(args[0]); err != nil {
				t.Skip(args[0] + " is not installed")
			}
			in := supervise(t, strings.ReplaceAll(tc.source, "PORT", port), Config{IdleTimeout: 4 * time.Second})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			out, _ := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
			if strings.Contains(string(out), "no element") {
				t.Skipf("a GStreamer plugin is missing: %s", out)
			}
			feed := in.Next(t)
			reason, got := feed.WaitClosed(t), feed.Got()
			if v, a := len(got.Of(0)), len(got.Of(1)); len(got.Starts) != 1 || v < 70 || a < 120 || !errors.Is(reason, errIdle) {
				t.Errorf("%d starts, %d pictures, %d audio frames, %d dropped, closed by %v\n%s", len(got.Starts), v, a, got.Dropped(), reason, out)
			}
		})
	}
}
