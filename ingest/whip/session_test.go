package whip

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
)

func TestWithoutPacketsTheFeedEnds(t *testing.T) {
	t.Parallel()
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		in := &ingesttest.Server{}
		url := serve(t, Config{Ingest: in, ConnectTimeout: 200 * time.Millisecond})
		post(t, url+"/whip/news", "", newPublisher(t, true, true).offer(t))
		if err := in.Next(t).WaitClosed(t); !errors.Is(err, errNotConnected) {
			t.Errorf("ended: %v", err)
		}
	})
	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		in := &ingesttest.Server{}
		clock := ingesttest.NewClock()
		clock.Set(ms(0))
		url := serve(t, Config{Ingest: in, IdleTimeout: time.Minute, Now: clock.Now})
		p := newPublisher(t, true, false)
		p.publish(t, url+"/whip/news", "")
		p.sendVideo(t, 0, testSPS, testPPS, []byte{0x65, 1, 2, 3})
		feed := in.Next(t)
		ticks := time.NewTicker(beat)
		defer ticks.Stop()
		for n := 0; !feed.Got().Closed; n++ { // nobody tells when the packet has come
			<-ticks.C
			clock.Set(ms(n * 1000))
		}
		if err := feed.WaitClosed(t); !errors.Is(err, errIdle) {
			t.Errorf("ended: %v", err)
		}
	})
	t.Run("publisher closes", func(t *testing.T) {
		t.Parallel()
		in := &ingesttest.Server{}
		url := serve(t, Config{Ingest: in})
		p := newPublisher(t, true, false)
		p.publish(t, url+"/whip/news", "")
		feed := in.Next(t)
		p.begin(t, feed)
		if err := p.peer.Close(); err != nil {
			t.Fatal(err)
		}
		if err := feed.WaitClosed(t); err != nil {
			t.Errorf("ended: %v", err)
		}
	})
	t.Run("server wants it gone", func(t *testing.T) {
		t.Parallel()
		in := &ingesttest.Server{}
		url := serve(t, Config{Ingest: in})
		p := newPublisher(t, true, false)
		p.publish(t, url+"/whip/news", "")
		feed := in.Next(t)
		feed.End(ingest.ErrDeleted)
		if err := feed.WaitClosed(t); !errors.Is(err, ingest.ErrDeleted) {
			t.Errorf("ended: %v", err)
		}
	})
}

func TestSoundAlone(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	url := serve(t, Config{Ingest: in})
	p := newPublisher(t, false, true)
	p.publish(t, url+"/whip/radio", "")
	feed := in.Next(t)
	stop := make(chan struct{})
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		ticks := time.NewTicker(20 * time.Millisecond)
		defer ticks.Stop()
		for n := uint32(0); ; n++ {
			select {
			case <-stop:
				return
			case <-ticks.C:
				p.send(t, 1, p.audio, n*960, n == 0, []byte{0xfc, byte(n), 1})
			}
		}
	}()
	samples := feed.WaitSamples(t, 25) // half a second
	close(stop)
	<-sent
	for i := 1; i < len(samples); i++ {
		if samples[i].PTS-samples[i-1].PTS != 960 {
			t.Fatalf("sample %d is at %d, the one before at %d", i, samples[i].PTS, samples[i-1].PTS)
		}
	}
	formats := feed.Got().Starts[0]
	want := []byte{0, 2, 1, 56, 0, 0, 0xbb, 0x80, 0, 0, 0}
	if len(formats) != 1 || formats[0].Codec != media.Opus || !bytes.Equal(formats[0].Config, want) {
		t.Errorf("started with %v, %x", formats, formats[0].Config)
	}
}

func TestPublisherOverTCP(t *testing.T) {
	t.Parallel()
	ln, err := Listen("127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in := &ingesttest.Server{}
	url := serveOn(t, Config{Ingest: in}, ln)
	p := newPublisher(t, true, false)
	p.onlyTCP = true
	p.publish(t, url+"/whip/news", "")
	p.begin(t, in.Next(t))
}
