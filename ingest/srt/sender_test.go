package srt

import (
	"bytes"
	"math/rand/v2"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/ingest/mpegts"
)

// clip is a transport stream of 4 s with picture and sound, and the samples in it.
var clip = sync.OnceValues(func() ([]byte, error) {
	cmd := exec.Command("ffmpeg", strings.Fields("-hide_banner -nostdin -loglevel error "+
		"-f lavfi -i testsrc2=rate=25:size=320x180:duration=4 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=4 "+
		"-c:v libx264 -preset ultrafast -bf 2 -g 25 -b:v 1M -pix_fmt yuv420p -c:a aac -f mpegts pipe:1")...)
	return cmd.Output()
})

func theClip(t *testing.T) []byte {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed: `make test` sees to it")
	}
	b, err := clip()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// samplesOf is what a transport stream holds when nothing is lost.
func samplesOf(t *testing.T, ts []byte) ingesttest.Record {
	t.Helper()
	f := ingesttest.NewFeed(ingest.Publish{})
	d := mpegts.NewDemuxer(f, mpegts.Config{})
	if _, err := d.Write(ts); err != nil {
		t.Fatal(err)
	}
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	return f.Got()
}

// idleSender is how long a sender goes on that hears nothing of the server.
const idleSender = time.Minute

func dial(t *testing.T, address, streamID, passphrase string) (gosrt.Conn, error) {
	t.Helper()
	cfg := gosrt.DefaultConfig()
	cfg.StreamId, cfg.Passphrase, cfg.PeerIdleTimeout = streamID, passphrase, idleSender
	conn, err := gosrt.Dial("srt", address, cfg)
	if err == nil {
		t.Cleanup(func() { hangUp(conn) })
	}
	return conn, err
}

func mustDial(t *testing.T, address, streamID, passphrase string) gosrt.Conn {
	t.Helper()
	conn, err := dial(t, address, streamID, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// send sends a whole stream.
func send(t *testing.T, conn gosrt.Conn, ts []byte) {
	t.Helper()
	if err := pour(conn, ts); err != nil {
		t.Error(err)
	}
}

// pour sends a stream at about twice its pace, for a burst is more than a network has room for, until that fails.
func pour(conn gosrt.Conn, ts []byte) error {
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for datagram := range slices.Chunk(ts, 7*188) {
		if _, err := conn.Write(datagram); err != nil {
			return err
		}
		<-pace.C
	}
	return nil
}

// requireSame checks that both have the same samples: that nothing was lost, changed or added.
func requireSame(t *testing.T, want, got ingesttest.Record) {
	t.Helper()
	if len(got.Samples) != len(want.Samples) || len(want.Samples) == 0 {
		t.Fatalf("%d samples of %d came; %v were dropped", len(got.Samples), len(want.Samples), got.Drops)
	}
	for i, w := range want.Samples {
		g := got.Samples[i]
		if g.Track != w.Track || g.PTS != w.PTS || g.DTS != w.DTS || g.Sync != w.Sync || !bytes.Equal(g.Data, w.Data) {
			t.Fatalf("sample %d is another", i)
		}
	}
	if len(got.Drops) > 0 {
		t.Errorf("dropped: %v", got.Drops)
	}
}

// lossy is a relay for one caller that loses so many of a hundred packets, each way, once the handshake is over. cut makes it lose all.
type lossy struct {
	address string
	mu      sync.Mutex
	loses   int
	lost    int
	away    bool
}

func (l *lossy) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = true
}

// drops decides for one packet. Handshakes are let through: gosrt, which calls in these tests, does not repeat them.
func (l *lossy) drops(dice *rand.Rand, b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return true
	}
	if len(b) > 1 && b[0] == 0x80 && b[1] == 0 || dice.IntN(100) >= l.loses {
		return false
	}
	l.lost++
	return true
}

// relay runs a lossy until the test ends.
func relay(t *testing.T, to string, loses int) *lossy {
	t.Helper()
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	l := &lossy{address: front.LocalAddr().String(), loses: loses}
	var caller net.Addr
	var known sync.Mutex
	var wg sync.WaitGroup
	wg.Go(func() {
		dice, b := rand.New(rand.NewPCG(1, 2)), make([]byte, 2048)
		for {
			n, from, err := front.ReadFrom(b)
			if err != nil {
				return
			}
			known.Lock()
			caller = from
			known.Unlock()
			if !l.drops(dice, b[:n]) {
				_, _ = back.Write(b[:n])
			}
		}
	})
	wg.Go(func() {
		dice, b := rand.New(rand.NewPCG(3, 4)), make([]byte, 2048)
		for {
			n, err := back.Read(b)
			if err != nil {
				return
			}
			known.Lock()
			to := caller
			known.Unlock()
			if !l.drops(dice, b[:n]) {
				_, _ = front.WriteTo(b[:n], to)
			}
		}
	})
	t.Cleanup(func() {
		_ = front.Close()
		_ = back.Close()
		wg.Wait()
	})
	return l
}
