package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
)

func TestMain(m *testing.M) {
	// A NATS server that is shut down while a stream makes ready to follow another leaves this to end by itself.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"))
}

// lockedBuffer keeps a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type fixture struct {
	*Server
	bus     *fakeBus
	catalog *fakeCatalog
	clock   *fakeClock
	log     *lockedBuffer
}

func setUp(t *testing.T, change func(*Config)) *fixture {
	t.Helper()
	news, key := catalog.New("news"), catalog.New("locked")
	key.Key = "top-secret"
	f := &fixture{bus: &fakeBus{}, catalog: newFakeCatalog(news, key, catalog.New("other")), clock: &fakeClock{t: time.Unix(1_800_000_000, 0)}, log: &lockedBuffer{}}
	cfg := Config{Bus: f.bus, Catalog: f.catalog, Log: slog.New(slog.NewTextHandler(f.log, nil)), Now: f.clock.now}
	if change != nil {
		change(&cfg)
	}
	f.Server = New(cfg)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		f.Close(ctx)
	})
	return f
}

func (f *fixture) open(t *testing.T, channel string) Feed {
	t.Helper()
	feed, err := f.Open(t.Context(), Publish{Channel: channel, Protocol: "rtmp", Remote: "192.0.2.1:5", Key: "top-secret"})
	if err != nil {
		t.Fatal(err)
	}
	return feed
}

// push writes seconds of audio, in real time by the fake clock.
func (f *fixture) push(t *testing.T, feed Feed, from, seconds int) {
	t.Helper()
	for i := range seconds * 50 { // 960 of 1024 ticks would do: frames come when they are due
		n := from*50 + i
		err := feed.Write(media.Sample{PTS: media.Ticks(n) * 1024, DTS: media.Ticks(n) * 1024, Sync: true, Data: make([]byte, 100)})
		if err != nil {
			t.Fatal(err)
		}
		f.clock.advance(time.Second * 1024 / 48000)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := setUp(t, func(c *Config) { c.Feeds = 2 })
	for _, c := range []struct {
		p    Publish
		want error
	}{
		{Publish{Channel: "none", Key: "guess-1"}, ErrUnknownChannel},
		{Publish{Channel: "", Key: "guess-2"}, ErrUnknownChannel},
		{Publish{Channel: "locked"}, ErrKey},
		{Publish{Channel: "locked", Key: "top-secre"}, ErrKey},
		{Publish{Channel: "locked", Key: "top-secret", Input: "backup"}, ErrInput},
		{Publish{Channel: "locked", Key: "top-secret", Rendition: "720 p"}, ErrRendition},
	} {
		c.p.Remote = "192.0.2.1:5"
		if _, err := f.Open(t.Context(), c.p); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.p, err, c.want)
		}
	}
	first := f.open(t, "news")
	if _, err := f.Open(t.Context(), Publish{Channel: "news"}); !errors.Is(err, ErrTaken) {
		t.Errorf("second feed: %v", err)
	}
	locked := f.open(t, "locked")
	if _, err := f.Open(t.Context(), Publish{Channel: "other"}); !errors.Is(err, ErrFull) {
		t.Errorf("third feed: %v", err)
	}
	locked.Close(nil)
	first.Close(nil)
	f.open(t, "news").Close(nil)

	f.bus.err = fmt.Errorf("channel news: %w", bus.ErrTaken)
	if _, err := f.Open(t.Context(), Publish{Channel: "news"}); !errors.Is(err, ErrTaken) {
		t.Errorf("feed of a channel that another server has: %v", err)
	}
	f.bus.err = nil
	f.open(t, "news").Close(nil)
	log := f.log.String()
	if strings.Contains(log, "top-secre") || strings.Contains(log, "guess") {
		t.Errorf("a key is in the log:\n%s", log)
	}
	if n := strings.Count(log, "feed refused"); n != 9 || !strings.Contains(log, "remote=192.0.2.1:5") {
		t.Errorf("%d refusals in the log:\n%s", n, log)
	}
	p := Publish{Channel: "a", Key: "top-secret"}
	if s := fmt.Sprintf("%v %+v %#v %s", p, p, p, p.LogValue()); strings.Contains(s, "secret") {
		t.Errorf("a key is printed: %s", s)
	}
}

// A feed's media comes out at the writer; it goes on from where the predecessor was, and its status says how it does.
func TestFeedRunsItsPackager(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	f.bus.resume = bus.Resume{
		Segment: 41, Run: 3, End: time.Unix(1_799_999_000, 0), Target: 2 * time.Second,
		Rates: map[string]media.Rate{"a1": {Peak: 1 << 30, Average: 1 << 20}},
	}
	if _, ok := f.Status("news"); ok {
		t.Error("status of a channel that had no feed")
	}
	feed := f.open(t, "news")
	if st, ok := f.Status("news"); !ok || st.State != Waiting {
		t.Errorf("status before the first sample: %+v", st)
	}
	if err := feed.Start([]media.Format{aac()}); err != nil {
		t.Fatal(err)
	}
	f.push(t, feed, 0, 10)
	st, _ := f.Status("news")
	if st.State != OnAir || st.Protocol != "rtmp" || len(st.Tracks) != 1 || st.Tracks[0].Name != "a1" || st.Tracks[0].Codecs != "mp4a.40.2" ||
		st.Samples != 500 || st.Bytes != 50_000 || st.Runs != 1 || st.LostSegments != 2 || st.Writer.Epoch != 7 {
		t.Errorf("status on air: %+v", st)
	}
	if want := int64(100 * 8 * 48000 / 1024); st.BitrateIn < want*9/10 || st.BitrateIn > want*11/10 {
		t.Errorf("bitrate %d, want about %d", st.BitrateIn, want)
	}
	f.clock.advance(6 * time.Second)
	if st, _ := f.Status("news"); st.State != Waiting || st.BitrateIn != 0 {
		t.Errorf("status of a stalled feed: %+v", st)
	}
	feed.Close(nil)
	feed.Close(errors.New("too late"))
	if err := feed.Write(media.Sample{}); !errors.Is(err, ErrEnded) {
		t.Errorf("write after the end: %v", err)
	}
	st, _ = f.Status("news")
	if st.State != OffAir || st.Ended.IsZero() || st.LastError != "" {
		t.Errorf("status after the end: %+v", st)
	}
	w := f.bus.writer(t, 0)
	<-w.closed
	if len(w.runs) != 1 || w.runs[0].ID != 3 || w.runs[0].First != 41 || len(w.ends) < 4 || w.ends[0].Segment != 41 || w.ends[0].Rate.Peak != 1<<30 {
		t.Errorf("%d runs %+v, %d segments", len(w.runs), w.runs, len(w.ends))
	}
	var media int64
	for _, e := range w.ends {
		media += e.Bytes
	}
	if media < 50_000 {
		t.Errorf("%d bytes came out of 50000", media)
	}
	if log := f.log.String(); !strings.Contains(log, "feed started") || !strings.Contains(log, "tracks=mp4a.40.2") ||
		!strings.Contains(log, `reason="publisher stopped"`) || !strings.Contains(log, "samples=500") {
		t.Errorf("log:\n%s", log)
	}
}

// Whatever the server has against a feed ends it, with the reason, and frees the channel.
func TestServerEndsFeeds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(*testing.T, *fixture, Feed)
		want error
	}{
		"channel deleted": {func(t *testing.T, f *fixture, _ Feed) { f.catalog.delete("news") }, ErrDeleted},
		"lease lost":      {func(t *testing.T, f *fixture, _ Feed) { close(f.bus.writer(t, 0).lost) }, ErrLost},
		"no tracks":       {func(t *testing.T, _ *fixture, feed Feed) { _ = feed.Start(nil) }, ErrLimit},
		"bad format": {func(t *testing.T, _ *fixture, feed Feed) {
			_ = feed.Start([]media.Format{{Codec: media.AVC, Config: []byte{1}, Clock: media.Clock{Timescale: 1000}}})
		}, ErrFormat},
		"track not announced": {func(t *testing.T, _ *fixture, feed Feed) { _ = feed.Write(media.Sample{Track: 1}) }, ErrLimit},
		"sample too large": {func(t *testing.T, _ *fixture, feed Feed) {
			_ = feed.Write(media.Sample{Data: make([]byte, 16<<20+1)})
		}, ErrLimit},
		"writer lost in mid-write": {func(t *testing.T, f *fixture, feed Feed) {
			w := f.bus.writer(t, 0)
			w.mu.Lock()
			w.fail = bus.ErrLost
			w.mu.Unlock()
			write(f, feed)
		}, ErrLost},
		"panic": {func(t *testing.T, f *fixture, feed Feed) {
			w := f.bus.writer(t, 0)
			w.mu.Lock()
			w.panics = true
			w.mu.Unlock()
			write(f, feed)
		}, ErrInternal},
		"too fast": {func(t *testing.T, f *fixture, feed Feed) {
			big := make([]byte, 15<<20)
			for range 40 { // at 1.2 Gbit/s
				if feed.Write(media.Sample{Sync: true, Data: big}) != nil {
					return
				}
				f.clock.advance(100 * time.Millisecond)
			}
		}, ErrLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setUp(t, nil)
			feed := f.open(t, "news")
			if err := feed.Start([]media.Format{aac()}); err != nil {
				t.Fatal(err)
			}
			c.end(t, f, feed)
			select {
			case <-feed.Done():
			case <-time.After(time.Minute):
				t.Fatal("the feed was not ended")
			}
			if err := feed.Err(); !errors.Is(err, c.want) {
				t.Errorf("ended by %v, want %v", err, c.want)
			}
			if err := feed.Write(media.Sample{}); !errors.Is(err, c.want) {
				t.Errorf("write after the end: %v", err)
			}
			feed.Close(errors.New("the adapter's view"))
			<-f.bus.writer(t, 0).closed
			if _, ok := f.catalog.Channel("news"); ok {
				f.open(t, "news").Close(nil)
				if st, ok := f.Status("news"); !ok || st.State != OffAir {
					t.Errorf("status %+v", st)
				}
			}
		})
	}
}

// write writes until it fails.
func write(f *fixture, feed Feed) {
	for n := range media.Ticks(1000) {
		if feed.Write(media.Sample{PTS: n * 1024, DTS: n * 1024, Sync: true, Data: make([]byte, 100)}) != nil {
			return
		}
		f.clock.advance(time.Second * 1024 / 48000)
	}
}
