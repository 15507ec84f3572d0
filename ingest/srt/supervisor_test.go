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

	"weir/ingest/ingesttest"
	"weir/internal/catalog"
)

// watched is a catalog whose changes a test makes.
type watched chan catalog.Change

func (w watched) Watch(ctx context.Context) <-chan catalog.Change {
	out := make(chan catalog.Change)
	go func() {
		defer close(out)
		for {
			select {
			case c := <-w:
				select {
				case out <- c:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

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

func supervise(t *testing.T, in *ingesttest.Server, changes watched) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := NewSupervisor(SupervisorConfig{Ingest: in, Catalog: changes, Log: ingesttest.Log(t), Now: time.Now}).Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// A channel's sender is called, with the passphrase of the URL or of the channel, and another one when the source changes.
func TestSendersAreCalled(t *testing.T) {
	t.Parallel()
	ts := theClip(t)
	want := samplesOf(t, ts)
	in, changes := &ingesttest.Server{}, make(watched)
	supervise(t, in, changes)
	ch := catalog.New("news")
	ch.Key, ch.Passphrase = "s3cret", passphrase
	ch.Source = "srt://" + offer(t, "127.0.0.1:0", "request:one", passphrase, ts) + "?streamid=request:one&latency=250"
	changes <- catalog.Change{ID: ch.ID, Channel: ch}
	feed := in.Next(t)
	feed.WaitSamples(t, len(want.Samples)-4)
	if p := feed.Publish; p.Channel != "news" || p.Key != "s3cret" || !p.Source || p.Protocol != "srt" {
		t.Errorf("%v", p)
	}
	if st := feed.Publish.Transport(); !st.Encrypted || st.Latency != 250*time.Millisecond || st.Missing != 0 {
		t.Errorf("%+v", st)
	}

	ch.Source = "srt://" + offer(t, "127.0.0.1:0", "", "another-passphrase", ts) + "?passphrase=another-passphrase"
	changes <- catalog.Change{ID: ch.ID, Channel: ch}
	feed.WaitClosed(t)
	feed = in.Next(t)
	feed.WaitSamples(t, 11)
	changes <- catalog.Change{ID: ch.ID, Deleted: true}
	feed.WaitClosed(t)
}

func TestCallsThatFail(t *testing.T) {
	t.Parallel()
	here := offer(t, "127.0.0.1:0", "request:one", passphrase, nil)
	if _, err := call(t.Context(), catalog.SRTSource{Address: here, StreamID: "request:two", Passphrase: passphrase}); !errors.Is(err, errRejected) ||
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
