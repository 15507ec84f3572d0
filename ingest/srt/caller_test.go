package srt

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/ingest/source"
	"weir/internal/catalog"
)

// offer is a sender that listens until the test ends: who knows the streamid and the passphrase gets the stream again and again.
func offer(t *testing.T, address, streamID, passphrase string, ts []byte) string {
	t.Helper()
	cfg := gosrt.DefaultConfig()
	ln, err := gosrt.Listen("srt", address, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			req, err := ln.Accept2()
			if err != nil {
				return
			}
			if req.StreamId() != streamID || req.SetPassphrase(passphrase) != nil {
				req.Reject(gosrt.REJ_BADSECRET)
				continue
			}
			conn, err := req.Accept()
			if err != nil {
				continue
			}
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				if pour(conn, ts) == nil {
					_, _ = conn.ReadPacket() // until the other end hangs up
				}
			})
		}
	})
	return ln.Addr().String()
}

// A sender is called, with the passphrase of the URL or else of the channel, until nobody wants it any more.
func TestSendersAreCalled(t *testing.T) {
	t.Parallel()
	ts := theClip(t)
	want := samplesOf(t, ts)
	for name, tc := range map[string]struct{ streamID, query string }{
		"passphrase of the channel": {"request:one", "?streamid=request:one&latency=250"},
		"passphrase of the URL":     {"", "?passphrase=another-passphrase&latency=250"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := passphrase
			if tc.streamID == "" {
				secret = "another-passphrase"
			}
			in := &ingesttest.Server{}
			kind := Sources(CallConfig{Now: time.Now})
			j := source.Job{Ingest: in, Log: ingesttest.Log(t), Source: source.Source{
				Channel: "news", Key: "s3cret", Passphrase: passphrase, URL: "srt://" + offer(t, "127.0.0.1:0", tc.streamID, secret, ts) + tc.query,
			}}
			if !kind.Is(j.URL) || kind.Is("") {
				t.Error("sources of others are taken")
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- kind.Run(ctx, j) }()
			feed := in.Next(t)
			feed.WaitSamples(t, len(want.Samples)-4)
			if p := feed.Publish; p.Channel != "news" || p.Key != "s3cret" || !p.Source || p.Protocol != "srt" {
				t.Errorf("%v", p)
			}
			if st := feed.Publish.Transport(); !st.Encrypted || st.Latency != 250*time.Millisecond || st.Missing != 0 {
				t.Errorf("%+v", st)
			}
			cancel()
			if err := <-ended; !errors.Is(err, ingest.ErrClosing) || !errors.Is(feed.WaitClosed(t), err) {
				t.Error(err)
			}
		})
	}
}

func TestCallsThatFail(t *testing.T) {
	t.Parallel()
	here := offer(t, "127.0.0.1:0", "request:one", passphrase, nil)
	if _, err := call(t.Context(), catalog.SRTSource{Address: here, StreamID: "request:two", Passphrase: passphrase}); !errors.Is(err, source.ErrRefused) ||
		!strings.Contains(err.Error(), "code 1010") {
		t.Error(err)
	}
	ln, err := Listen("127.0.0.1:0", 0)
	if err != nil {
		t.Fatal(err)
	}
	away := ln.Addr().String()
	ln.Close()
	if _, err := call(t.Context(), catalog.SRTSource{Address: away}); err == nil || !strings.Contains(err.Error(), "nobody answers") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := call(ctx, catalog.SRTSource{Address: here}); err == nil {
		t.Error("a call that nobody wants any more was made")
	}
}

// A goroutine of gosrt's waited for ever behind each connection that was called, until somebody read from it.
func TestHangUpLeavesNothingBehind(t *testing.T) { // alone: it counts goroutines
	here := offer(t, "127.0.0.1:0", "", passphrase, nil)
	before := runtime.NumGoroutine()
	for range 5 {
		conn, err := call(t.Context(), catalog.SRTSource{Address: here, Passphrase: passphrase})
		if err != nil {
			t.Fatal(err)
		}
		hangUp(conn)
	}
	ingesttest.Eventually(t, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
}
