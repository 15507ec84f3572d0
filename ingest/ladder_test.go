package ingest

import (
	"errors"
	"testing"
	"time"

	"weir/internal/catalog"
	"weir/internal/media"
)

func laddered(dropSource bool) func(*catalog.Channel) {
	return func(c *catalog.Channel) {
		c.Ladder = catalog.MakeLadder(catalog.LadderSettings{
			DropSource: dropSource, Rungs: []catalog.Rung{{Name: "high", Height: 360, Bitrate: 1e6}, {Name: "low", Height: 180, Bitrate: 3e5}},
		})
	}
}

// rungOf opens the feed of a rung, which announces its tracks later.
func (f *fixture) rungOf(t *testing.T, name string) Feed {
	t.Helper()
	feed, err := f.Open(t.Context(), Publish{Channel: "news", Rendition: name, Protocol: "ladder", Source: true, Ladder: true})
	if err != nil {
		t.Fatal(err)
	}
	return feed
}

// A feed and what is made of it are one channel: it waits for those that were announced, and their names follow the settings. A jump of the
// feed's clock is no reason to move them against each other.
func TestFeedAndItsRungs(t *testing.T) {
	t.Parallel()
	for _, dropSource := range []bool{false, true} {
		f := setUp(t, nil)
		f.set("news", laddered(dropSource))
		if _, err := f.Open(t.Context(), Publish{Channel: "news", Rendition: "low"}); !errors.Is(err, ErrRendition) {
			t.Errorf("a rendition from outside: %v", err)
		}
		low, high := f.rungOf(t, "low"), f.rungOf(t, "high")
		source := f.encoder(t, Publish{Channel: "news"}, 5000)
		f.run(0, 2*time.Second, source)
		if st, _ := f.Status("news"); st.Runs > 0 {
			t.Errorf("on air before its rungs: %+v", st)
		}
		for _, feed := range []Feed{high, low} {
			if err := feed.Start([]media.Format{avc()}); err != nil {
				t.Fatal(err)
			}
		}
		base := media.Ticks(5000)
		for at := 2 * time.Second; at < 12*time.Second; at += 40 * time.Millisecond {
			if at == 8*time.Second {
				base, source.base = 3_600_000, 3_600_000
			}
			ms := base + media.Ticks(at.Milliseconds())
			source.tick(at)
			for _, feed := range []Feed{high, low} {
				if err := feed.Write(media.Sample{PTS: ms, DTS: ms, Sync: at%(2*time.Second) == 0, Data: make([]byte, 99)}); err != nil {
					t.Fatal(err)
				}
			}
			f.clock.advance(40 * time.Millisecond)
		}
		want := "v1v2v3a1"
		if dropSource {
			want = "v1v2a1"
		}
		w := f.bus.writer(t, 0)
		if got := w.tracks(); got != want && got != want+" "+want { // a jump may begin a run
			t.Errorf("runs %s, want %s", got, want)
		}
		st, _ := f.Status("news")
		if st.State != OnAir || st.Protocol != "rtmp" {
			t.Errorf("%+v", st)
		}
		if st.Bytes != 2*12*25*16 {
			t.Errorf("%d bytes came in, but for what was made of them", st.Bytes)
		}
		for _, feed := range []Feed{high, low, source.feed} {
			feed.Close(nil)
		}
		<-w.closed
		starts := map[uint64]media.Ticks{}
		for _, e := range w.ends {
			if e.Track[0] != 'v' || e.Gap() {
				continue
			}
			if at, ok := starts[e.Segment]; ok && at != e.Start {
				t.Errorf("segment %d begins at %d and, in %s, at %d", e.Segment, at, e.Track, e.Start)
			}
			starts[e.Segment] = e.Start
		}
	}
}
