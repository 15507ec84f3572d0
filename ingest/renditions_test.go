package ingest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/internal/catalog"
	"weir/internal/media"
)

// avc is a format of pictures; bytes of samples do not matter.
func avc() media.Format {
	config, err := hex.DecodeString("0164001effe100196764001eacd940a02ff9610000030001000003003c8f162d96" + "01000568ebecb22cfdf8f800")
	if err != nil {
		panic(err)
	}
	return media.Format{Codec: media.AVC, Config: config, Clock: media.Clock{Timescale: 1000, Wrap: 1 << 32}}
}

// encoder is a publisher of pictures, 25 a second with a key frame every two seconds, and sound.
type encoder struct {
	t     *testing.T
	f     *fixture
	feed  Feed
	base  media.Ticks // what its clock shows when that of the test shows 0, ms
	froze bool        // its clock does not move
	stuck bool        // it sends nothing
}

func (f *fixture) encoder(t *testing.T, p Publish, base media.Ticks) *encoder {
	t.Helper()
	p.Protocol, p.Remote = "rtmp", "192.0.2.1:"+p.Rendition+p.Input
	feed, err := f.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	sound := aac()
	sound.Clock = media.Clock{Timescale: 1000, Wrap: 1 << 32}
	if err := feed.Start([]media.Format{avc(), sound}); err != nil {
		t.Fatal(err)
	}
	return &encoder{t: t, f: f, feed: feed, base: base}
}

// tick sends what belongs to that time, a multiple of 40 ms.
func (e *encoder) tick(at time.Duration) {
	e.t.Helper()
	if e.stuck {
		return
	}
	ms := e.base + media.Ticks(at.Milliseconds())
	if e.froze {
		ms = e.base
	}
	ms %= 1 << 32
	for track := range 2 {
		key := track == 1 || at%(2*time.Second) == 0
		data := fmt.Appendf(nil, "%6s%d%8d;", e.feed.(*feed).input, track, at.Milliseconds())
		if err := e.feed.Write(media.Sample{Track: track, PTS: ms, DTS: ms, Sync: key, Data: data}); err != nil {
			e.t.Fatal(err)
		}
	}
}

// run lets the encoders send from one time to another.
func (f *fixture) run(from, to time.Duration, encoders ...*encoder) {
	for at := from; at < to; at += 40 * time.Millisecond {
		for _, e := range encoders {
			e.tick(at)
		}
		f.clock.advance(40 * time.Millisecond)
	}
}

// tracks are those of the writer's runs, joined.
func (w *fakeWriter) tracks() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var sets []string
	for _, r := range w.runs {
		s := ""
		for _, t := range r.Tracks {
			s += t.Name
		}
		sets = append(sets, s)
	}
	return strings.Join(sets, " ")
}

func (f *fixture) set(id string, change func(*catalog.Channel)) {
	f.catalog.mu.Lock()
	defer f.catalog.mu.Unlock()
	ch := f.catalog.channels[id]
	change(&ch)
	f.catalog.channels[id] = ch
}

// Three pushes make one channel: their pictures are cut at equal times, the sound is taken once, and names follow the settings.
func TestRenditionsMakeOneChannel(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	f.set("news", func(c *catalog.Channel) { c.Renditions = "1080,720,360" })
	low := f.encoder(t, Publish{Channel: "news", Rendition: "360"}, 5000)
	f.run(0, 400*time.Millisecond, low)
	mid := f.encoder(t, Publish{Channel: "news", Rendition: "720"}, 5000)
	high := f.encoder(t, Publish{Channel: "news", Rendition: "1080"}, 5000)
	if _, err := f.Open(t.Context(), Publish{Channel: "news", Rendition: "720"}); !errors.Is(err, ErrTaken) {
		t.Errorf("the same rendition again: %v", err)
	}
	if _, err := f.Open(t.Context(), Publish{Channel: "news"}); !errors.Is(err, ErrTaken) {
		t.Errorf("a feed without a rendition: %v", err)
	}
	if _, err := f.Open(t.Context(), Publish{Channel: "news", Rendition: "240"}); !errors.Is(err, ErrRendition) {
		t.Errorf("a rendition that is not in the settings: %v", err)
	}
	f.run(400*time.Millisecond, 12*time.Second, low, mid, high)
	w := f.bus.writer(t, 0)
	if got := w.tracks(); got != "v1v2v3a1" {
		t.Fatalf("runs %s", got)
	}
	st, _ := f.Status("news")
	if st.State != OnAir || len(st.Tracks) != 4 || len(st.Inputs) != 3 || st.LastError != "" || st.DroppedSamples > 200 {
		t.Errorf("%+v", st)
	}
	sharing := 0
	for _, in := range st.Inputs {
		sharing += in.SharedTracks
		if in.State != InputActive {
			t.Errorf("%+v", in)
		}
	}
	if sharing != 2 {
		t.Errorf("%d tracks are shared, want 2", sharing)
	}
	high.feed.Close(nil)
	f.run(12*time.Second, 20*time.Second, low, mid)
	high = f.encoder(t, Publish{Channel: "news", Rendition: "1080"}, 5000)
	f.run(20*time.Second, 30*time.Second, low, mid, high)
	if got := w.tracks(); got != "v1v2v3a1 v2v3a1 v1v2v3a1" {
		t.Errorf("runs %s", got)
	}
	for _, e := range []*encoder{high, low, mid} {
		e.feed.Close(nil)
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
	if len(starts) < 13 {
		t.Errorf("%d segments", len(starts))
	}
}

// Encoders that know nothing of each other are placed by arrival, and the operator is told; a clock that jumps is only its own rendition's.
func TestRenditionsWithClocksOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	a := f.encoder(t, Publish{Channel: "news", Rendition: "a"}, 5000)
	b := f.encoder(t, Publish{Channel: "news", Rendition: "b"}, 3_000_000)
	f.run(0, 10*time.Second, a, b)
	st, _ := f.Status("news")
	if !strings.Contains(st.LastError, "another clock") {
		t.Errorf("%+v", st)
	}
	b.base = 1<<32 - 12_000 // jumps, and wraps soon after
	f.run(10*time.Second, 24*time.Second, a, b)
	w := f.bus.writer(t, 0)
	if got := w.tracks(); got != "v1v2a1" {
		t.Errorf("runs %s", got)
	}
	a.base, b.base = 77_000, 77_000 // an encoder begins anew
	f.run(24*time.Second, 40*time.Second, a, b)
	if got := w.tracks(); got != "v1v2a1" {
		t.Errorf("runs %s", got)
	}
	a.feed.Close(nil)
	b.feed.Close(nil)
	st, _ = f.Status("news")
	if st.State != OffAir || st.DroppedSamples > 200 {
		t.Errorf("%+v", st)
	}
	again := f.encoder(t, Publish{Channel: "news", Rendition: "b"}, 0)
	f.run(40*time.Second, 50*time.Second, again)
	again.feed.Close(nil)
	w = f.bus.writer(t, 1)
	<-w.closed
	if got := w.tracks(); got != "v2a1" {
		t.Errorf("runs of the next session %s: a rendition has another name than before", got)
	}
}

// A rendition that changes its parameters does not take the channel down, nor does one that is refused.
func TestRenditionThatIsRefusedHarmsNoOther(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	a := f.encoder(t, Publish{Channel: "news", Rendition: "a"}, 0)
	b := f.encoder(t, Publish{Channel: "news", Rendition: "b"}, 0)
	f.run(0, 6*time.Second, a, b)
	if err := b.feed.Write(media.Sample{Data: make([]byte, 17<<20)}); !errors.Is(err, ErrLimit) {
		t.Errorf("too large a sample: %v", err)
	}
	b.feed.Close(b.feed.Err())
	f.run(6*time.Second, 12*time.Second, a)
	if err := a.feed.Err(); err != nil {
		t.Error(err)
	}
	if got := f.bus.writer(t, 0).tracks(); got != "v1v2a1 v1a1" {
		t.Errorf("runs %s", got)
	}
}
