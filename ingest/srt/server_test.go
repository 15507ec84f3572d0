package srt

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/catalog"
)

const passphrase = "a long passphrase"

// Every sample that was sent arrives once, as it was: in clear, encrypted, and over a line that loses 2 % of all packets.
func TestEverySampleArrives(t *testing.T) {
	t.Parallel()
	ts := theClip(t)
	want := samplesOf(t, ts)
	locked := catalog.New("locked")
	locked.Passphrase = "a longer passphrase"
	for name, tc := range map[string]struct {
		streamID, passphrase, common string
		loses                        int
		publish                      ingest.Publish
	}{
		"plain":               {"publish:news:s3cret", "", "", 0, ingest.Publish{Channel: "news", Key: "s3cret"}},
		"standard streamid":   {"#!::m=publish,r=news/720p", "", "", 0, ingest.Publish{Channel: "news", Rendition: "720p"}},
		"encrypted":           {"publish:locked", locked.Passphrase, passphrase, 0, ingest.Publish{Channel: "locked"}},
		"common passphrase":   {"publish:news", passphrase, passphrase, 0, ingest.Publish{Channel: "news"}},
		"lossy":               {"publish:news", "", "", 2, ingest.Publish{Channel: "news"}},
		"lossy and encrypted": {"publish:news", passphrase, passphrase, 2, ingest.Publish{Channel: "news"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &ingesttest.Server{}
			latency := DefaultLatency
			if tc.loses > 0 { // so long may the machine stand still while a loss is made good
				latency = 2 * time.Second
			}
			address, _ := serve(t, Config{Ingest: in, Catalog: ingesttest.Catalog{locked}, Passphrase: tc.common, Listener: listen(t, latency)})
			line := relay(t, address, tc.loses)
			conn := mustDial(t, line.address, tc.streamID, tc.passphrase)
			feed := in.Next(t)
			if p := feed.Publish; p.Channel != tc.publish.Channel || p.Rendition != tc.publish.Rendition || p.Key != tc.publish.Key ||
				p.Protocol != "srt" || !strings.HasPrefix(p.Remote, "127.0.0.1:") || p.Source {
				t.Errorf("published %v", p)
			}
			send(t, conn, ts)
			// What is less than the latency from the end when the sender goes is lost with it, so it stays until all has arrived but
			// what only the end makes whole.
			feed.WaitSamples(t, len(want.Samples)-4)
			ingesttest.Eventually(t, "nothing is on the way", func() bool { return feed.Publish.Transport().Buffered == 0 })
			st := feed.Publish.Transport()
			hangUp(conn)
			if err := feed.WaitClosed(t); err != nil {
				t.Errorf("ended with %v", err)
			}
			requireSame(t, want, feed.Got())
			if st.Missing != 0 || st.Encrypted != (tc.passphrase != "") || st.Latency != latency || st.RTT <= 0 ||
				st.Received < uint64(len(ts)/1316) || (tc.loses > 0) != (st.Lost > 0) || (tc.loses > 0) != (st.Retransmitted > 0) {
				t.Errorf("%+v, %d packets were lost", st, line.lost)
			}
		})
	}
}

// Who is refused gets the code that says why, and no feed is opened for a wrong passphrase.
func TestRefusals(t *testing.T) {
	t.Parallel()
	locked := catalog.New("locked")
	locked.Passphrase = passphrase
	in := &ingesttest.Server{}
	in.Refuse = func(p ingest.Publish) error {
		err, ok := map[string]error{
			"key": ingest.ErrKey, "none": ingest.ErrUnknownChannel, "taken": fmt.Errorf("%w: by another", ingest.ErrTaken), "full": ingest.ErrFull,
			"far": ingest.ErrAddress, "hook": ingest.ErrRefused, "rendition": ingest.ErrRendition, "closing": ingest.ErrClosing,
			"broken": errors.New("disk on fire"),
		}[p.Channel]
		if !ok {
			t.Errorf("a feed was opened: %v", p)
		}
		return err
	}
	address, _ := serve(t, Config{Ingest: in, Catalog: ingesttest.Catalog{locked}})
	for _, tc := range []struct {
		streamID, passphrase string
		code                 uint64
	}{
		{"publish:key:guess", "", 1401},
		{"publish:none", "", 1404},
		{"publish:taken", "", 1409},
		{"publish:full", "", 1402},
		{"publish:far", "", 1403},
		{"publish:hook", "", 1403},
		{"publish:rendition/x", "", 1404},
		{"publish:closing", "", 1503},
		{"publish:broken", "", 1500},
		{"", "", 1400},
		{"read:key", "", 1405},
		{"#!::m=publish,r=key,t=file", "", 1415},
		{"publish:locked", "", 1011},
		{"publish:key", passphrase, 1011},
		{"publish:locked", "another passphrase", 1010},
	} {
		_, err := dial(t, address, tc.streamID, tc.passphrase)
		if code, _ := rejection(err); code != tc.code {
			t.Errorf("%s: %v, code %d, want %d", tc.streamID, err, code, tc.code)
		}
	}
}

// A sender that is killed says nothing: its feed ends when it has been silent for a while, and it can come back.
func TestSenderIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	ts := theClip(t)
	in := &ingesttest.Server{}
	address, _ := serve(t, Config{Ingest: in})
	line := relay(t, address, 0)
	conn := mustDial(t, line.address, "publish:news", "")
	feed := in.Next(t)
	send(t, conn, ts[:len(ts)/2/188*188])
	feed.WaitSamples(t, 11)
	line.cut()
	if err := feed.WaitClosed(t); !errors.Is(err, errLost) {
		t.Errorf("ended with %v", err)
	}
	again := mustDial(t, address, "publish:news", "")
	feed = in.Next(t)
	send(t, again, ts)
	feed.WaitSamples(t, 101)
}

func TestSilentSenderIsSentAway(t *testing.T) {
	t.Parallel()
	ts := theClip(t)
	in := &ingesttest.Server{}
	address, _ := serve(t, Config{Ingest: in, HandshakeTimeout: 4 * time.Second, IdleTimeout: 4 * time.Second})
	mustDial(t, address, "publish:never", "")
	conn := mustDial(t, address, "publish:once", "")
	first, second := in.Next(t), in.Next(t)
	send(t, conn, ts)
	for _, feed := range []*ingesttest.Feed{first, second} {
		if err := feed.WaitClosed(t); !errors.Is(err, errIdle) {
			t.Errorf("%s ended with %v", feed.Publish.Channel, err)
		}
	}
}

// What is no transport stream ends the feed in words that say so.
func TestOtherMediaIsRefused(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	address, _ := serve(t, Config{Ingest: in})
	conn := mustDial(t, address, "publish:news", "")
	feed := in.Next(t)
	noise := strings.Repeat("this is no transport stream. ", 20_000)
	for chunk := range slices.Chunk([]byte(noise), 1316) {
		if _, err := conn.Write(chunk); err != nil {
			break // sent away
		}
	}
	if err := feed.WaitClosed(t); err == nil || !strings.Contains(err.Error(), "no MPEG transport stream") {
		t.Errorf("ended with %v", err)
	}
}

// Both the server and a feed of it can end a connection; the sender is told.
func TestServerEndsConnections(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	address, stop := serve(t, Config{Ingest: in})
	deleted := mustDial(t, address, "publish:deleted", "")
	feed := in.Next(t)
	feed.End(ingest.ErrDeleted)
	if err := feed.WaitClosed(t); !errors.Is(err, ingest.ErrDeleted) {
		t.Errorf("ended with %v", err)
	}
	waitHungUp(t, deleted)

	open := mustDial(t, address, "publish:open", "")
	feed = in.Next(t)
	stop()
	if err := feed.WaitClosed(t); !errors.Is(err, ingest.ErrClosing) {
		t.Errorf("ended with %v", err)
	}
	waitHungUp(t, open)
}

func waitHungUp(t *testing.T, conn gosrt.Conn) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = conn.ReadPacket()
	}()
	select {
	case <-ended:
	case <-time.After(idleSender / 2): // less than it takes to find silence out
		t.Error("the sender was not told")
	}
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	address, _ := serve(t, Config{Ingest: in, Connections: 1})
	mustDial(t, address, "publish:a", "")
	in.Next(t)
	_, err := dial(t, address, "publish:b", "")
	if code, _ := rejection(err); code != 1402 {
		t.Errorf("%v", err)
	}
}

// gosrt sets SO_REUSEADDR, with which two programs share a UDP port and each gets some of the packets.
func TestUsedPortIsAnError(t *testing.T) {
	t.Parallel()
	first, err := Listen("localhost:0", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if second, err := Listen(first.Addr().String(), 0); err == nil {
		second.Close()
		t.Error("a port was opened twice")
	}
}

// gosrt panics where a handshake's extensions are cut off, on the goroutine that accepts.
func TestGarbageHarmsNobody(t *testing.T) {
	t.Parallel()
	ts := theClip(t)
	in := &ingesttest.Server{}
	address, _ := serve(t, Config{Ingest: in})
	conn := mustDial(t, address, "publish:news", "")
	feed := in.Next(t)
	nc, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	question, err := induction(7, nc.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	cut := append([]byte(nil), question...)
	copy(cut[16:], []byte{0, 0, 0, 5, 0, 0, 0, 1})    // version 5, with extensions
	copy(cut[16+20:], []byte{0xff, 0xff, 0xff, 0xff}) // the second half of a handshake
	for n := range 60 {
		for _, b := range [][]byte{question[:min(n, len(question))], append(cut[:len(cut):len(cut)], make([]byte, n%7)...)} {
			if _, err := nc.Write(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(t, conn, ts)
	feed.WaitSamples(t, 101)
	mustDial(t, address, "publish:other", "")
	in.Next(t)
}
