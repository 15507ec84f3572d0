package rtmp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
)

var (
	avcHeader   = append([]byte{0x17, 0, 0, 0, 0}, 1, 100, 0, 31, 0xff, 0xe1, 0, 4, 0x67, 100, 0, 31, 1, 0, 2, 0x68, 0xee)
	avcHeader2  = append([]byte{0x17, 0, 0, 0, 0}, 1, 100, 0, 40, 0xff, 0xe1, 0, 4, 0x67, 100, 0, 40, 1, 0, 2, 0x68, 0xee)
	aacHeader   = []byte{0xaf, 0, 0x11, 0x90}
	aacFrame    = []byte{0xaf, 1, 0x21, 0x10, 0x05}
	idr         = []byte{0, 0, 0, 3, 0x65, 1, 2}
	slice       = []byte{0, 0, 0, 3, 0x41, 1, 2}
	avcIDR      = append([]byte{0x17, 1, 0, 0, 0}, idr...)
	avcSlice    = append([]byte{0x27, 1, 0, 0, 0}, slice...)
	avcNegative = append([]byte{0x27, 1, 0xff, 0xff, 0xd8}, slice...) // 40 ms before its DTS
)

// pushTo opens a channel as a hand-made client.
func pushTo(t *testing.T, cfg Config) (*client, *ingesttest.Feed) {
	t.Helper()
	in := &ingesttest.Server{}
	cfg.Ingest = in
	addr, _ := serve(t, cfg)
	c := dial(t, addr, "live")
	if code, text := c.publish("news"); code != codePublished {
		t.Fatalf("%s: %s", code, text)
	}
	return c, in.Next(t)
}

// Repeated headers are nothing; a changed one, and a track that comes late, are announced before the next sample; composition times are
// signed; timestamps wrap.
func TestChangesInMidStream(t *testing.T) {
	t.Parallel()
	c, feed := pushTo(t, Config{})
	const late = 0xffffff00
	c.video(late, avcHeader...)
	c.audio(late, aacHeader...)
	c.video(late, avcIDR...)
	c.audio(late+10, aacFrame...)
	c.video(late+40, avcHeader...)
	c.video(late+40, avcNegative...)
	c.video(late+80, avcHeader2...)
	c.video(late+80, avcIDR...)
	c.send(typeAudio, late+90, append([]byte{0x95, 0x01, 'm', 'p', '4', 'a', 1}, aacFrame[2:]...)) // track 1 without a header: dropped
	c.send(typeAudio, late+90, append([]byte{0x95, 0x00, 'm', 'p', '4', 'a', 1}, aacHeader[2:]...))
	c.send(typeAudio, late+90, append([]byte{0x95, 0x01, 'm', 'p', '4', 'a', 1}, aacFrame[2:]...))
	c.video(0x20, 0x27, 2, 0, 0, 0) // end of sequence
	c.video(0x20, avcSlice...)
	samples := feed.WaitSamples(t, 6)
	want := []string{
		"0: track 0 4294967040 4294967040 true", "0: track 1 4294967050 4294967050 true", "0: track 0 4294967040 4294967080 false",
		"1: track 0 4294967120 4294967120 true", "2: track 2 4294967130 4294967130 true", "2: track 0 32 32 false",
	}
	r := feed.Got()
	for i, s := range samples {
		if got := fmt.Sprintf("%d: track %d %d %d %t", r.At[i], s.Track, s.PTS, s.DTS, s.Sync); got != want[i] {
			t.Errorf("sample %d is %s, want %s", i, got, want[i])
		}
	}
	if len(r.Starts) != 3 || len(r.Starts[0]) != 2 || !bytes.Equal(r.Starts[1][0].Config, avcHeader2[5:]) || len(r.Starts[2]) != 3 {
		t.Errorf("announced %v", r.Starts)
	}
	if r.Dropped() != 1 {
		t.Errorf("%d frames dropped", r.Dropped())
	}
	if clock := r.Starts[0][0].Clock; clock != (media.Clock{Timescale: 1000, Wrap: 1 << 32}) {
		t.Errorf("clock %v", clock)
	}
	if !bytes.Equal(samples[0].Data, idr) {
		t.Errorf("data %x", samples[0].Data)
	}
}

// The publisher's own end, a broken connection and silence are told apart.
func TestEnds(t *testing.T) {
	t.Parallel()
	t.Run("deleteStream", func(t *testing.T) {
		t.Parallel()
		c, feed := pushTo(t, Config{})
		c.video(0, avcHeader...)
		c.video(0, avcIDR...)
		c.command("FCUnpublish", 6, nil, "news")
		c.command("deleteStream", 7, nil, float64(1))
		if err := feed.WaitClosed(t); err != nil {
			t.Errorf("closed by %v", err)
		}
		if n := len(feed.Got().Samples); n != 1 {
			t.Errorf("%d samples of a feed shorter than the discovery", n)
		}
		if code, _ := c.status(); code != codeUnpublished {
			t.Errorf("told %s", code)
		}
	})
	t.Run("connection lost", func(t *testing.T) {
		t.Parallel()
		c, feed := pushTo(t, Config{})
		_ = c.nc.Close()
		if err := feed.WaitClosed(t); !errors.Is(err, io.EOF) {
			t.Errorf("closed by %v", err)
		}
	})
	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		c, feed := pushTo(t, Config{IdleTimeout: 50 * time.Millisecond})
		if err := feed.WaitClosed(t); !errors.Is(err, errIdle) {
			t.Errorf("closed by %v", err)
		}
		if code, text := c.status(); code != codeFailed || !strings.Contains(text, "nothing received") {
			t.Errorf("told %s %s", code, text)
		}
	})
	t.Run("unsupported codec", func(t *testing.T) {
		t.Parallel()
		c, feed := pushTo(t, Config{})
		c.audio(0, 0xb2, 1, 2, 3)
		if err := feed.WaitClosed(t); !errors.Is(err, errUnsupported) {
			t.Errorf("closed by %v", err)
		}
		if code, text := c.status(); code != codeFailed || !strings.Contains(text, "Speex") {
			t.Errorf("told %s %s", code, text)
		}
		c.waitEOF()
	})
	t.Run("server's wish", func(t *testing.T) {
		t.Parallel()
		c, feed := pushTo(t, Config{})
		feed.End(ingest.ErrDeleted)
		if code, text := c.status(); code != codeBadName || text != "the channel was deleted" {
			t.Errorf("told %s %s", code, text)
		}
		// The client is still there: a channel was kept until it had gone, or two seconds had passed.
		if err := feed.WaitClosed(t); !errors.Is(err, ingest.ErrDeleted) {
			t.Errorf("closed by %v", err)
		}
		c.waitEOF()
	})
}

// Publishers are told when the server stops.
func TestShutdown(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	addr, stop := serve(t, Config{Ingest: in})
	c := dial(t, addr, "live")
	c.publish("news")
	feed := in.Next(t)
	half := dial(t, addr, "live") // connected only
	go stop()
	if code, _ := c.status(); code != codeUnpublished {
		t.Errorf("told %s", code)
	}
	if code, _ := c.status(); code != codeClosed {
		t.Errorf("then told %s", code)
	}
	_ = c.nc.Close()
	_ = half.nc.Close()
	if err := feed.WaitClosed(t); !errors.Is(err, ingest.ErrClosing) {
		t.Errorf("closed by %v", err)
	}
}

// Who does not speak RTMP, or takes too long, is gone soon, and nobody else notices.
func TestHostileClients(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, Config{Ingest: &ingesttest.Server{}, HandshakeTimeout: 300 * time.Millisecond})
	for name, send := range map[string][]byte{
		"http":      []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"encrypted": {6},
		"silent":    nil,
		"half":      append([]byte{3}, make([]byte, 1000)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = nc.Close() }()
			_, _ = nc.Write(send)
			_ = nc.SetReadDeadline(time.Now().Add(time.Minute))
			_, err = io.Copy(io.Discard, nc)
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() {
				t.Error("still connected")
			}
		})
	}
	patient, _ := serve(t, Config{Ingest: &ingesttest.Server{}})
	t.Run("announces 16 MB", func(t *testing.T) {
		t.Parallel()
		c := dial(t, patient, "live")
		_, _ = c.nc.Write([]byte{5, 0, 0, 0, 0xff, 0xff, 0xff, typeVideo, 1, 0, 0, 0})
		if code, text := c.status(); code != codeFailed || !strings.Contains(text, "message of 16777215 bytes") {
			t.Errorf("told %s %s", code, text)
		}
	})
	t.Run("publishes without a name", func(t *testing.T) {
		t.Parallel()
		c := dial(t, patient, "live")
		if code, text := c.publish(""); code != codeBadName || !strings.Contains(text, "stream name is missing") {
			t.Errorf("told %s %s", code, text)
		}
	})
}

// More connections than allowed are closed at once.
func TestConnectionBound(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	addr, _ := serve(t, Config{Ingest: in, Connections: 1})
	c := dial(t, addr, "live")
	c.publish("news")
	in.Next(t)
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	_ = nc.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("second connection: %v", err)
	}
}
