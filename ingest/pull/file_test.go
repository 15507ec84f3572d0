package pull

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/ingest/mpegts/tstest"
	"weir/internal/media"
)

func feedOf(frames int, start int64) []byte {
	m := &tstest.Muxer{}
	tstest.Feed{Frames: frames, Start: start}.Write(m)
	return m.Bytes()
}

// A file is looped on one timeline, at the pace of its clock references, also where its timestamps wrap.
func TestFileIsLooped(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]int64{"plain": 90000, "wrap": 1<<33 - 50*3600} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.ts")
			if err := os.WriteFile(path, feedOf(100, start), 0o600); err != nil {
				t.Fatal(err)
			}
			clock := ingesttest.NewClock()
			begin := clock.Now()
			in := supervise(t, "file:"+path, Config{Now: clock.Now, Wait: clock.Wait})
			feed := in.Next(t)
			feed.WaitSamples(t, 5*288)
			spent := clock.Now().Sub(begin)
			all := feed.Got()
			for track, step := range []media.Ticks{3600, 1920} {
				got := all.Of(track)
				for i, s := range got[1:] {
					d := (s.DTS - got[i].DTS) & mask
					if d < step || d > step+9600 { // sound begins and ends later than pictures
						t.Fatalf("track %d: sample %d comes %d ticks after the one before", track, i+1, d)
					}
				}
			}
			if len(all.Starts) != 1 || all.Dropped() != 0 || !feed.Publish.Source || feed.Publish.Key != "k" || feed.Publish.Protocol != "file" {
				t.Errorf("%d starts, %d dropped, %#v", len(all.Starts), all.Dropped(), feed.Publish)
			}
			if spent < 15*time.Second {
				t.Errorf("five loops of 4 s took %s", spent)
			}
		})
	}
}

// Times in splices move along with the loops.
func TestSplicesOfALoop(t *testing.T) {
	t.Parallel()
	feed := ingesttest.NewFeed(ingest.Publish{})
	l := &looper{Feed: feed, paceBy: func(int64) error { return nil }}
	_ = l.Start([]media.Format{{Codec: media.AVC}})
	section := tstest.Long(0xfc, 0x0001, 0, make([]byte, 20))
	for range 2 {
		_ = l.Write(media.Sample{DTS: 1000, PTS: 1000})
		_ = l.Write(media.Sample{DTS: 10000, PTS: 10000})
		_ = l.Event(media.Event{Scheme: media.SchemeSCTE35, PTS: 1000, Data: section})
		if length, ok := l.again(); !ok || length != 200*time.Millisecond {
			t.Fatal(length, ok)
		}
	}
	events := feed.Got().Events
	if !bytes.Equal(events[0].Data, section) || events[1].PTS != 19000 {
		t.Errorf("%+v", events)
	}
	s := events[1].Data
	if len(s) != len(section) || tstest.CRC(s) != 0 || uint64(s[7])<<8|uint64(s[8]) != (uint64(section[7])<<8|uint64(section[8])+18000)&0xffff {
		t.Errorf("% x\n% x", section, s)
	}
}

// A stream is fetched; when it ends, again. Credentials go along, and are shown to nobody.
func TestHTTPPull(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "s3cret" || r.URL.Path != "/a.ts" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write(feedOf(100, 0))
	}))
	defer server.Close()
	clock := ingesttest.NewClock()
	in := supervise(t, "http://me:s3cret@"+server.Listener.Addr().String()+"/a.ts#program=1", Config{Now: clock.Now, Wait: clock.Wait})
	for range 2 {
		feed := in.Next(t)
		if err := feed.WaitClosed(t); !errors.Is(err, errOver) {
			t.Errorf("closed by %v", err)
		}
		if n := len(feed.Got().Of(0)); n != 100 || bytes.Contains([]byte(feed.Publish.Remote), []byte("s3cret")) {
			t.Errorf("%d pictures of %v", n, feed.Publish)
		}
	}
}

// What stands still, and what the server wants gone, ends.
func TestHTTPPullEnds(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(feedOf(30, 0))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(stop)
	clock := ingesttest.NewClock()
	idle := supervise(t, server.URL+"/a", Config{Now: clock.Now, Wait: clock.Wait, IdleTimeout: 200 * time.Millisecond})
	if err := idle.Next(t).WaitClosed(t); !errors.Is(err, errIdle) {
		t.Errorf("closed by %v", err)
	}
	ended := supervise(t, server.URL+"/a", Config{Now: clock.Now, Wait: clock.Wait})
	feed := ended.Next(t)
	feed.WaitSamples(t, 20)
	feed.End(ingest.ErrDeleted)
	if err := feed.WaitClosed(t); !errors.Is(err, ingest.ErrDeleted) {
		t.Errorf("closed by %v", err)
	}
}
