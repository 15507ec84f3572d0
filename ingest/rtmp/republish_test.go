package rtmp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"

	"weir/ingest"
	"weir/ingest/ingesttest"
)

// A client stops and publishes again on the same connection, to another channel too. Its first feed is closed before.
func TestPublishAgainOnOneConnection(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	addr, _ := serve(t, Config{Ingest: in})
	c := dial(t, addr, "live")
	for i, channel := range []string{"news", "news", "sport"} {
		c.command("releaseStream", 2, nil, channel)
		c.command("FCPublish", 3, nil, channel)
		c.command("createStream", 4, nil)
		c.command("publish", 5, nil, channel, []string{"live", "record", "append"}[i])
		if code, text := c.status(); code != codePublished {
			t.Fatalf("publish %d: %s %s", i, code, text)
		}
		feed := in.Next(t)
		if feed.Publish.Channel != channel {
			t.Errorf("publish %d is to %s", i, feed.Publish.Channel)
		}
		c.video(uint32(i)*1000, avcHeader...)
		c.video(uint32(i)*1000, avcIDR...)
		c.command("FCUnpublish", 6, nil, channel)
		c.command("deleteStream", 7, nil, float64(1))
		if err := feed.WaitClosed(t); err != nil {
			t.Errorf("publish %d ended by %v", i, err)
		}
		if code, _ := c.status(); code != codeUnpublished {
			t.Errorf("publish %d: told %s", i, code)
		}
		if n := len(feed.Got().Samples); n != 1 {
			t.Errorf("publish %d: %d samples", i, n)
		}
	}
	in.Refuse = func(ingest.Publish) error { return ingest.ErrKey }
	c.command("publish", 5, nil, "news", "live")
	if code, _ := c.status(); code != codeDenied {
		t.Errorf("told %s", code)
	}
	c.waitEOF()
}

// A client that has stopped and says nothing more does not keep its connection.
func TestIdleAfterPublishing(t *testing.T) {
	t.Parallel()
	c, feed := pushTo(t, Config{HandshakeTimeout: 3 * time.Second})
	c.command("deleteStream", 7, nil, float64(1))
	if err := feed.WaitClosed(t); err != nil {
		t.Errorf("closed by %v", err)
	}
	c.waitEOF()
}

// A second stream is refused and does not disturb the first; publishing what is published already is nothing new; publishing
// something else on the same stream would mix the two.
func TestOneStreamAConnection(t *testing.T) {
	t.Parallel()
	c, feed := pushTo(t, Config{})
	c.command("createStream", 6, nil)
	if code, text := c.status(); code != codeCallFailed || !strings.Contains(text, "one stream") {
		t.Errorf("told %s %s", code, text)
	}
	c.command("publish", 7, nil, "news", "live")
	if code, _ := c.status(); code != codePublished {
		t.Errorf("told %s", code)
	}
	c.video(0, avcHeader...)
	c.video(0, avcIDR...)
	c.video(1000, avcSlice...)
	feed.WaitSamples(t, 2)
	c.command("publish", 8, nil, "sport", "live")
	if err := feed.WaitClosed(t); !errors.Is(err, errProtocol) {
		t.Errorf("closed by %v", err)
	}
	if code, text := c.status(); code != codeFailed || !strings.Contains(text, "second publish") {
		t.Errorf("told %s %s", code, text)
	}
}

// What sends nothing but malformed messages is no encoder. Some of them among good ones are left out.
func TestMalformedMessages(t *testing.T) {
	t.Parallel()
	c, feed := pushTo(t, Config{})
	c.video(0, avcHeader...)
	for i := range uint32(3 * maxMalformed / 2) {
		c.video(40*i, 0x17, 1)
		if i%10 == 0 {
			c.video(40*i, avcIDR...)
		}
	}
	if n := len(feed.WaitSamples(t, 15)); n != 15 {
		t.Errorf("%d samples", n)
	}
	for range maxMalformed + 1 {
		c.audio(0, 0xaf)
	}
	if err := feed.WaitClosed(t); !errors.Is(err, errMalformed) {
		t.Errorf("closed by %v", err)
	}
	if code, text := c.status(); code != codeFailed || !strings.Contains(text, "101 messages in a row") {
		t.Errorf("told %s %s", code, text)
	}
}

// What the server can is told in the answer to connect; a client that can connect again is asked to when the server stops.
func TestReconnectRequest(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	addr, stop := serve(t, Config{Ingest: in})
	c := dialWith(t, addr, amf0.Object{
		{Key: "app", Value: "live"},
		{Key: "fourCcList", Value: amf0.StrictArray{"hvc1"}},
		{Key: "capsEx", Value: float64(canReconnect)},
	})
	info := c.connected()
	if caps, _ := info.GetFloat64("capsEx"); caps != 15 {
		t.Errorf("capsEx %v", caps)
	}
	list, _ := info.Get("fourCcList")
	if got := fmt.Sprint(list); got != "[avc1 hvc1 av01 mp4a Opus ac-3 ec-3 fLaC .mp3]" {
		t.Errorf("fourCcList %s", got)
	}
	c.publish("news")
	feed := in.Next(t)
	go stop()
	for _, want := range []string{codeReconnect, codeUnpublished, codeClosed} {
		if code, _ := c.status(); code != want {
			t.Errorf("told %s, want %s", code, want)
		}
	}
	_ = c.nc.Close()
	if err := feed.WaitClosed(t); !errors.Is(err, ingest.ErrClosing) {
		t.Errorf("closed by %v", err)
	}
}
